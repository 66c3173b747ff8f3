import { stageSteps, stepOf } from '../../lib/run.ts'
import { useChat } from '../../stores/chat.ts'

/** What a screen reader is told: each stage once, then the answer as a whole, not word by word. */
export function Spoken() {
  const run = useChat((state) => state.run)
  const last = useChat((state) => state.chat?.all.at(-1))
  const step = run ? stageSteps[stepOf(run)] : undefined
  const text = run
    ? (step ?? 'Getting ready')
    : last?.state === 'done'
      ? `Answer: ${last.text}`
      : last?.state === 'stopped'
        ? 'Stopped.'
        : ''
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  )
}
