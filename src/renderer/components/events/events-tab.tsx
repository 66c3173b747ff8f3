import { RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { showSettings } from '../../flows/ask.ts'
import { useShownChapters, useShownEvents, useTimedTurns } from '../../hooks/use-shown-events.ts'
import { findCountText, findShare, findText } from '../../lib/scoring-run.ts'
import { momentText } from '../../lib/time-text.ts'
import { useEvents } from '../../stores/events.ts'
import { useMoment } from '../../stores/moment.ts'
import { reportErrors } from '../../stores/problem.ts'
import { useView } from '../../stores/view.ts'
import { Confirm } from '../ui/confirm.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Notice } from '../ui/notice.tsx'
import { RichText } from '../ui/rich-text.tsx'
import { EventList } from './event-list.tsx'
import { FindForm } from './find-form.tsx'
import { ScoringProgress } from './scoring-progress.tsx'

/** Finds, lists, exports and removes the events of the open clip. */
export function EventsTab({ metadata }: { readonly metadata: ClipMetadata }) {
  if (metadata.kind === 'image') {
    return <Notice title={t('A picture has no times')}>{t('Events with times can be found in videos and animations.')}</Notice>
  }
  return <ClipEventsPanel metadata={metadata} />
}

function ClipEventsPanel({ metadata }: { readonly metadata: ClipMetadata }) {
  const { stored, loaded, run, problem, stopFind, dismiss } = useEvents()
  const unsaved = useMoment((state) => state.problem)
  const [again, setAgain] = useState(false)
  const shown = useShownEvents(metadata)
  const chapters = useShownChapters()
  const close = () => setAgain(false)
  const canFind = !run?.running && loaded && (again || stored === null)
  return (
    <div className="space-y-3">
      {run?.running && <ScoringProgress text={findText(run)} value={findShare(run)} detail={findCountText(run)} onCancel={stopFind} />}
      {problem && (
        <FailureNotice
          error={problem}
          can={{ 'other-device': showSettings, models: () => useView.getState().show('models') }}
          onDismiss={dismiss}
        />
      )}
      {run && !run.running && (
        <p className="text-control text-quiet">
          {run.of > 0
            ? t('Stopped: {segments} done. Find events with the same options to continue.', { segments: findCountText(run) })
            : t('Stopped. Find events with the same options to continue.')}
        </p>
      )}
      {unsaved && <FailureNotice error={unsaved} onDismiss={useMoment.getState().dismiss} />}
      {canFind && <FindForm metadata={metadata} onStart={close} />}
      <SourceRow metadata={metadata} again={again} onAgain={() => setAgain(!again)} />
      {shown && <EventList handle={metadata.handle} shown={shown} chapters={chapters} why={metadata.kind === 'video' ? null : NO_PLAYER} />}
    </div>
  )
}

const NO_PLAYER = t('This animation plays by itself: the page cannot go to a time in it')

/** Says whose events are listed, and offers what can be done with them. */
function SourceRow({
  metadata,
  again,
  onAgain,
}: {
  readonly metadata: ClipMetadata
  readonly again: boolean
  readonly onAgain: () => void
}) {
  const { stored, run, choose, remove } = useEvents()
  const [asking, setAsking] = useState(false)
  const shown = useShownEvents(metadata)
  const turns = useTimedTurns()
  if (!shown) return null
  const { handle } = metadata
  const own = shown.source === 'clip'
  const untimed = shown.events.length - shown.spans.length
  const hasOwn = stored !== null || run !== null
  return (
    <div className="space-y-2 border-t border-line pt-3 first:border-t-0 first:pt-0">
      <div className="flex flex-wrap items-center gap-1.5">
        <p className="min-w-32 flex-1 text-control text-quiet">
          <RichText
            message="{events}{segments, plural, =0 {} =1 {} other { in # segments}}{untimed, plural, =0 {} other {, # without a time}}"
            values={{
              events: (
                <span className="font-medium text-text">
                  {t('{count, plural, one {# event} other {# events}}', { count: shown.events.length })}
                </span>
              ),
              segments: shown.segments.length,
              untimed,
            }}
          />
          {own && stored && !run && ` · ${momentText(stored.created)}`}
        </p>
        {own && stored && !run && (
          <>
            <IconButton icon={RefreshCw} label={t('Find events again')} aria-expanded={again} onClick={onAgain} className="size-7" />
            <IconButton icon={Trash2} label={t('Remove the events')} onClick={() => setAsking(true)} className="size-7" />
          </>
        )}
      </div>
      {turns.length > 0 && (hasOwn || turns.length > 1) && (
        <label className="flex items-center gap-2 text-control text-quiet">
          {t('Events of')}
          <select
            className="h-7 min-w-0 flex-1 rounded-control border border-edge bg-panel px-1.5 text-text"
            value={String(shown.source)}
            onChange={({ target: { value } }) => choose(value === 'clip' ? 'clip' : Number(value))}
          >
            {hasOwn && <option value="clip">{t('the clip')}</option>}
            {turns.map((turn) => (
              <option key={turn} value={turn}>
                {t('answer {number}', { number: turn + 1 })}
              </option>
            ))}
          </select>
        </label>
      )}
      {own &&
        !run &&
        stored?.found.notices.map((text) => (
          <p key={text} className="text-control text-quiet">
            {translate(text)}
          </p>
        ))}
      {shown.events.length === 0 && <p className="text-control text-quiet">{t('No events were found.')}</p>}
      {own && !run && stored && shown.segments.length > 1 && stored.found.summary && (
        <details className="text-control">
          <summary className="font-medium">{stored.found.summarizedByModel ? t('Summary by the model') : t('Summary')}</summary>
          <p className="pt-1 wrap-anywhere">{stored.found.summary}</p>
        </details>
      )}
      {asking && (
        <Confirm
          title={t('Remove the events?')}
          verb={t('Remove')}
          onConfirm={() => reportErrors(() => remove(handle))}
          onClose={() => setAsking(false)}
        >
          {t(
            'The {count, plural, one {# event} other {# events}} of this clip and their times are deleted. The clip and its conversations are kept.',
            { count: shown.events.length },
          )}
        </Confirm>
      )}
    </div>
  )
}
