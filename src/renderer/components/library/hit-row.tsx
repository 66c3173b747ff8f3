import { memo } from 'react'
import type { Hit, SnippetPart } from '../../../shared/contract/library.ts'
import { counted } from '../../../shared/size-text.ts'
import { openChat } from '../../flows/open-clip.ts'
import { momentText } from '../../lib/time-text.ts'
import { useLibrary } from '../../stores/library.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Thumbnail } from '../clip/thumbnail.tsx'

/** A conversation with its clip and the matching text. */
export const HitRow = memo(function HitRow({ hit }: { readonly hit: Hit }) {
  const { chat, clip, snippets } = hit
  const chosen = useLibrary((state) => state.chosen.has(chat.id))
  const choose = useLibrary((state) => state.choose)
  return (
    <div className="flex gap-3 rounded-xl border border-line bg-raised p-2.5 transition-colors hover:border-edge">
      <input
        type="checkbox"
        aria-label={`Select ${clip.name}, ${chat.title}`}
        className="mt-1 size-4 shrink-0 accent-accent"
        checked={chosen}
        onChange={(event) => choose(chat.id, event.target.checked)}
      />
      <button type="button" onClick={() => reportErrors(() => openChat(chat.id))} className="flex min-w-0 flex-1 gap-3 text-left">
        <Thumbnail handle={clip.handle} className="h-18 w-32 shrink-0 rounded-lg object-cover" />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className="truncate font-medium">{clip.name}</span>
            {!clip.present && <span className="shrink-0 rounded-full bg-danger-soft px-2 text-[0.6875rem] text-danger">file missing</span>}
            <span className="ml-auto shrink-0 text-[0.75rem] text-quiet">{momentText(chat.updated)}</span>
          </span>
          <span className="block text-[0.75rem] text-quiet">
            {counted(chat.turns, 'question')}
            {chat.model && ` · ${chat.model}`}
          </span>
          {snippets.map(({ turn, field, parts }) => (
            <span key={`${turn} ${field}`} className="line-clamp-2 text-[0.8125rem]">
              {field === 'question' && <span className="text-quiet">Question: </span>}
              {parts.map((part, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change their order.
                <Part key={i} part={part} />
              ))}
            </span>
          ))}
        </span>
      </button>
    </div>
  )
})

function Part({ part: { text, hit } }: { readonly part: SnippetPart }) {
  if (!hit) return <span>{text}</span>
  return <mark className="rounded-sm bg-accent-soft px-0.5 text-text underline decoration-accent decoration-2">{text}</mark>
}
