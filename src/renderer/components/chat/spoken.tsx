import { stageSteps, stepOf } from '../../lib/run.ts'
import { useChat } from '../../stores/chat.ts'

/** Screen reader announcements: each stage once, then the complete answer instead of single tokens. */
export function SpokenText() {
  const run = useChat((state) => state.run)
  const last = useChat((state) => state.chat?.all.at(-1))
  const step = run ? stageSteps[stepOf(run)] : undefined
  const text = run ? (step ?? 'Preparing') : last?.state === 'done' ? `Answer: ${last.text}` : last?.state === 'stopped' ? 'Stopped.' : ''
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  )
}
