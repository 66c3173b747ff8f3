import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
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
      {comparing && <SideBySide />}
    </section>
  )
}
