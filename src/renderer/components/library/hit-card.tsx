import { memo } from 'react'
import type { Hit } from '../../../shared/contract/library.ts'
import { t } from '../../../shared/text.ts'
import { openChat, openClip } from '../../flows/open-clip.ts'
import { momentText } from '../../lib/time-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Thumbnail } from '../clip/thumbnail.tsx'
import { HitCheckbox } from './hit-checkbox.tsx'

/** A conversation with its clip, or a clip with events, in the grid of the library: its picture and the first sentence. */
export const HitCard = memo(function HitCard({ hit }: { readonly hit: Hit }) {
  const { chat, clip, snippets, updated } = hit
  const open = () => reportErrors(() => (chat ? openChat(chat.id) : openClip(clip.handle)))
  const text = snippets[0]?.parts.map((part) => part.text).join('') ?? ''
  return (
    <div className="group relative">
      <button type="button" onClick={open} className="block w-full text-left">
        <span className="relative block">
          <Thumbnail
            handle={clip.handle}
            className="block aspect-video w-full rounded-panel bg-sunk object-cover shadow-panel transition-opacity group-hover:opacity-90"
          />
          {!clip.present && (
            <span className="absolute right-2 bottom-2 rounded-full bg-danger-soft px-2 text-note text-danger">{t('file missing')}</span>
          )}
        </span>
        <span className="block truncate pt-2 font-medium">{clip.name}</span>
        <span className="line-clamp-2 h-[2lh] text-control text-quiet">{text}</span>
        <span className="block truncate pt-0.5 text-note text-quiet">
          {momentText(updated)} · {chat ? t('{count, plural, one {# question} other {# questions}}', { count: chat.turns }) : t('events')}
        </span>
      </button>
      <HitCheckbox
        hit={hit}
        className="absolute top-2.5 left-2.5 size-4.5 opacity-0 transition-opacity checked:opacity-100 group-hover:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
      />
    </div>
  )
})
