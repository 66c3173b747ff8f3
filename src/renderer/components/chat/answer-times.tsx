import { Highlighter, Timer } from 'lucide-react'
import type { Turn } from '../../../shared/contract/chats.ts'
import { t } from '../../../shared/text.ts'
import { showSettings } from '../../flows/ask.ts'
import { scoringShare, scoringText } from '../../lib/scoring-run.ts'
import { useChat } from '../../stores/chat.ts'
import { useClip } from '../../stores/clip.ts'
import { type AnswerPlace, useEvents } from '../../stores/events.ts'
import { useView } from '../../stores/view.ts'
import { ScoringProgress } from '../events/scoring-progress.tsx'
import { SupportLegend } from '../events/shaded-words.tsx'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'

/** Finds the times of an answer. Once they are known, it shades the words instead. */
export function TimesButton({ turn, busyWhy }: { readonly turn: Turn; readonly busyWhy: string | null }) {
  const kind = useClip((state) => state.metadata?.kind)
  const present = useClip((state) => state.metadata?.present)
  const { shaded, shade, timing } = useEvents()
  if (turn.timed) {
    return (
      <Button
        size="small"
        variant="quiet"
        aria-pressed={shaded}
        className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
        onClick={() => shade(!shaded)}
      >
        <Highlighter size={14} aria-hidden="true" /> {t('Shade words by support')}
      </Button>
    )
  }
  if (turn.state !== 'done' || turn.text.trim() === '') return null
  const why =
    kind === 'image'
      ? t('A picture has no times')
      : present
        ? (busyWhy ?? (timing ? t('The times of an answer are being found') : null))
        : t('The file is missing. Locate it first')
  return (
    <Button size="small" variant="quiet" why={why} onClick={() => findTimes(turn.index)}>
      <Timer size={14} aria-hidden="true" /> {t('Show times')}
    </Button>
  )
}

/** Progress and failure of the search for the times of an answer, and the legend of its shading. */
export function TimesState({ turn }: { readonly turn: Turn }) {
  const chat = useChat((state) => state.chat?.id)
  const isThis = (place: AnswerPlace | null) => place?.chat === chat && place?.turn === turn.index
  const timing = useEvents((state) => (isThis(state.timing) ? (state.timing?.run ?? null) : null))
  const problem = useEvents((state) => (isThis(state.timingProblem) ? (state.timingProblem?.error ?? null) : null))
  const shaded = useEvents((state) => state.shaded)
  const stop = useEvents((state) => state.stopTiming)
  return (
    <>
      {timing && (
        <div className="max-w-md">
          <ScoringProgress
            text={t('Finding times: {stage}', { stage: scoringText(timing) })}
            value={scoringShare(timing)}
            onCancel={stop}
          />
        </div>
      )}
      {problem && (
        <FailureNotice
          error={problem}
          can={{
            retry: () => findTimes(turn.index),
            'other-device': showSettings,
            models: () => useView.getState().show('models'),
          }}
          onDismiss={() => useEvents.setState({ timingProblem: null })}
        />
      )}
      {turn.timed && shaded && <SupportLegend />}
    </>
  )
}

function findTimes(turn: number): void {
  const { chat } = useChat.getState()
  if (chat) void useEvents.getState().time(chat.id, turn)
}
