import { spokenText } from '../../lib/spoken-text.ts'
import { useChat } from '../../stores/chat.ts'

/** Tells screen readers how an answer goes on. It has to stand where it is never hidden: they are silent about hidden text. */
export function SpokenText() {
  const text = useChat(({ run, chat }) => spokenText(run, chat?.all.at(-1)))
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  )
}
