import { SearchCheck } from 'lucide-react'
import { useId } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import type { SupportedSentence, TimedText } from '../../../shared/timed-text.ts'
import { showSettings } from '../../flows/ask.ts'
import { playFrom } from '../../flows/play-from.ts'
import { scoringShare, scoringText } from '../../lib/scoring-run.ts'
import { supportLevel, supportText } from '../../lib/support-levels.ts'
import { clockText } from '../../lib/time-text.ts'
import { plainParts } from '../../lib/timed-parts.ts'
import { useTextCheck } from '../../stores/text-check.ts'
import { useView } from '../../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { controlClass } from '../ui/field.tsx'
import { RichText } from '../ui/rich-text.tsx'
import { ScoringProgress } from './scoring-progress.tsx'
import { ShadedWord, SupportLegend } from './shaded-words.tsx'

/** Checks a text of the user against the clip, word by word and sentence by sentence. */
export function CheckTab({ metadata }: { readonly metadata: ClipMetadata }) {
  const { text, run, result, problem, edit, check, stop } = useTextCheck()
  const id = useId()
  const why = !metadata.present
    ? t('The file is missing. Locate it first')
    : run
      ? t('The text is being checked')
      : text.trim() === ''
        ? t('Enter a text')
        : null
  return (
    <div className="space-y-3">
      <form
        className="space-y-2"
        onSubmit={(event) => {
          event.preventDefault()
          if (why === null) void check(metadata.handle)
        }}
      >
        <label htmlFor={id} className="block text-control text-quiet">
          {t('Paste a caption, subtitle or note. Each word is compared with the clip.')}
        </label>
        <textarea
          id={id}
          rows={3}
          placeholder={t('A text about this clip')}
          className={`${controlClass} h-auto resize-y py-1.5 placeholder:text-quiet`}
          value={text}
          onChange={(event) => edit(event.target.value)}
        />
        <Button type="submit" variant="primary" size="small" why={why}>
          <SearchCheck size={14} aria-hidden="true" /> {t('Check the text')}
        </Button>
      </form>
      {run && <ScoringProgress text={scoringText(run)} value={scoringShare(run)} onCancel={stop} />}
      {problem && (
        <FailureNotice
          error={problem}
          can={{
            retry: () => void check(metadata.handle),
            'other-device': showSettings,
            models: () => useView.getState().show('models'),
          }}
          onDismiss={() => useTextCheck.setState({ problem: null })}
        />
      )}
      {result && <CheckResult result={result} kind={metadata.kind} />}
    </div>
  )
}

function CheckResult({ result, kind }: { readonly result: TimedText; readonly kind: ClipMetadata['kind'] }) {
  const least = result.sentences.reduce((lowest, { support }) => Math.min(lowest, support), 1)
  return (
    <section aria-label={t('Result of the check')} className="space-y-2.5 border-t border-line pt-3">
      <p className="text-control text-quiet">
        <RichText
          message="{support} of the least supported sentence: {level}"
          values={{
            support: <span className="font-medium text-text">{t('Support {support}', { support: supportText(least) })}</span>,
            level: supportLevel(least).name,
          }}
        />
      </p>
      <SupportLegend />
      {kind === 'image' && <p className="text-note text-quiet">{t('A picture has no times.')}</p>}
      <ol className="space-y-2">
        {result.sentences.map((sentence) => (
          <Sentence key={sentence.start} sentence={sentence} result={result} playable={kind === 'video'} />
        ))}
      </ol>
    </section>
  )
}

interface SentenceProps {
  readonly sentence: SupportedSentence
  readonly result: TimedText
  readonly playable: boolean
}

function Sentence({ sentence: { start, end, support, begins, ends }, result, playable }: SentenceProps) {
  const time = begins === null ? null : `${clockText(begins)}${ends === null ? '' : `–${clockText(ends)}`}`
  return (
    <li className="py-1">
      <p className="wrap-anywhere">
        {plainParts(result, start, end).map((part, i) =>
          part.word ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change their order.
            <ShadedWord key={i} support={part.word.support}>
              {part.text}
            </ShadedWord>
          ) : (
            part.text
          ),
        )}
      </p>
      <p className="flex flex-wrap gap-x-3 pt-1 text-note text-quiet tabular-nums">
        <span>{t('Support {support}, {level}', { support: supportText(support), level: supportLevel(support).name })}</span>
        {time !== null &&
          begins !== null &&
          (playable ? (
            <button
              type="button"
              className="rounded-mark text-accent underline decoration-dotted underline-offset-3 hover:decoration-solid"
              onClick={() => playFrom(begins)}
            >
              {time}
            </button>
          ) : (
            <span>{time}</span>
          ))}
      </p>
    </li>
  )
}
