import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { ChatHeader } from './chat-header.tsx'
import { Composer } from './composer.tsx'
import { MessageList } from './message-list.tsx'
import { SpokenText } from './spoken.tsx'

/** The conversation about the open clip. */
export function ChatPanel({ metadata }: { readonly metadata: ClipMetadata }) {
  return (
    <section aria-label="Conversation" className="flex min-h-0 min-w-0 flex-col">
      <ChatHeader />
      <MessageList metadata={metadata} />
      <Composer metadata={metadata} />
      <SpokenText />
    </section>
  )
}
