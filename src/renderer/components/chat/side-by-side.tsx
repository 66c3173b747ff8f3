import { useEffect, useState } from 'react'
import type { Turn } from '../../../shared/contract/chats.ts'
import { t } from '../../../shared/text.ts'
import { endText } from '../../lib/answer-labels.ts'
import { durationText } from '../../lib/time-text.ts'
import { useChat } from '../../stores/chat.ts'
import { useComparison } from '../../stores/comparison.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Dialog } from '../ui/dialog.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { Prose } from './prose.tsx'

/** All answers to a question beside each other, also while one is being generated. */
export function SideBySide() {
  const index = useComparison((state) => state.turn)
  const show = useComparison((state) => state.show)
  const chat = useChat((state) => state.chat?.id)
  const run = useChat((state) => state.run)
  const [versions, setVersions] = useState<readonly Turn[]>([])
  const running = run?.turn?.index === index ? run : null
  const [shownIn] = useState(chat)
  const runningVersion = run === null ? -1 : (run.turn?.version ?? null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a started or finished answer changes the versions.
  useEffect(() => {
    let left = false
    reportErrors(async () => {
      if (chat === undefined || index === null) return
      const found = await service.chats.versions({ chat, turn: index })
      if (!left) setVersions(found)
    })
    return () => {
      left = true
    }
  }, [chat, index, runningVersion])
  // Another conversation has other questions.
  useEffect(() => {
    if (chat !== shownIn) show(null)
  }, [chat, shownIn, show])
  if (index === null) return null
  return (
    <Dialog title={versions[0]?.question ?? t('Answers')} wide onClose={() => show(null)}>
      <div className="grid gap-4 min-[900px]:grid-cols-2">
        {versions.map((turn) => (
          <Version key={turn.version} turn={turn} growing={turn.version === running?.turn?.version ? running.text : null} />
        ))}
      </div>
    </Dialog>
  )
}

/** @param growing text of the answer so far, while it is being generated */
function Version({ turn, growing }: { readonly turn: Turn; readonly growing: string | null }) {
  const { model, text, error, answer, version } = turn
  const end = endText(turn)
  return (
    <article
      aria-label={t('Answer {number}: {model}', { number: version + 1, model })}
      className="min-w-0 space-y-2 rounded-panel border border-line p-4"
    >
      <h3 className="font-semibold wrap-anywhere">{model}</h3>
      <Prose text={growing ?? text} />
      {growing === null && end && <p className="text-control text-quiet italic">{end}</p>}
      {growing !== null && <p className="text-control text-quiet italic">{t('The answer is being generated…')}</p>}
      {error && <FailureNotice error={error} />}
      {answer && <p className="text-note text-quiet tabular-nums">{costText(answer)}</p>}
    </article>
  )
}

function costText({ frames, width, height, tokens, timings }: NonNullable<Turn['answer']>): string {
  return [
    t('{count, plural, one {# frame} other {# frames}} of {width} × {height}', { count: frames.length, width, height }),
    t('{count, plural, one {# token} other {# tokens}}', { count: tokens.visual + tokens.prompt + tokens.generated }),
    t('first word after {duration}', { duration: durationText(timings.firstToken / 1000) }),
    t('{duration} in all', { duration: durationText(timings.total / 1000) }),
  ].join(' · ')
}
