import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { stageSteps, stepOf } from '../../lib/run.ts'
import { useChat } from '../../stores/chat.ts'
import { useComparison } from '../../stores/comparison.ts'
import { ChatHeader } from './chat-header.tsx'
import { Composer } from './composer.tsx'
import { MessageList } from './message-list.tsx'
import { SideBySide } from './side-by-side.tsx'

/** The conversation about the open clip. */
export function ChatPanel({ metadata }: { readonly metadata: ClipMetadata }) {
  const comparing = useComparison((state) => state.turn !== null)
  return (
    <section aria-label={t('Conversation')} className="flex min-h-0 min-w-0 flex-1 flex-col">
      <ChatHeader />
      <MessageList metadata={metadata} />
      <Composer metadata={metadata} />
      <SpokenText />
      {comparing && <SideBySide />}
    </section>
  )
}

/** Screen reader announcements: each stage once, then the complete answer instead of single tokens. */
function SpokenText() {
  const run = useChat((state) => state.run)
  const last = useChat((state) => state.chat?.all.at(-1))
  const step = run ? stageSteps[stepOf(run)] : undefined
  const text = run
    ? (step ?? t('Preparing'))
    : last?.state === 'done'
      ? t('Answer: {text}', { text: last.text })
      : last?.state === 'stopped'
        ? t('Stopped.')
        : ''
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  )
}
