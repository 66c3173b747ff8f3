import { memo } from 'react'
import type { Hit, Snippet, SnippetPart } from '../../../shared/contract/library.ts'
import { t } from '../../../shared/text.ts'
import { openChat, openClip } from '../../flows/open-clip.ts'
import { clockText, momentText } from '../../lib/time-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Thumbnail } from '../clip/thumbnail.tsx'
import { HitCheckbox } from './hit-checkbox.tsx'

const pictureClass = 'h-18 w-32 shrink-0 rounded-control bg-black object-contain'

/** A conversation with its clip, or a clip with events, and the matching text. If a moment matches, the picture is of it. */
export const HitRow = memo(function HitRow({ hit }: { readonly hit: Hit }) {
  const { chat, clip, snippets, updated } = hit
  const open = (startAt: number | null) => reportErrors(() => (chat ? openChat(chat.id, startAt) : openClip(clip.handle, startAt)))
  const moments = snippets.filter((snippet) => 'start' in snippet)
  return (
    <div className="flex gap-3 rounded-panel p-2 transition-colors hover:bg-sunk">
      <HitCheckbox hit={hit} className="mt-1 size-4 shrink-0" />
      <div className="min-w-0 flex-1">
        <button type="button" onClick={() => open(null)} className="flex w-full gap-3 text-left">
          <Thumbnail handle={clip.handle} time={clip.present ? moments[0]?.start : undefined} className={pictureClass} />
          <span className="min-w-0 flex-1">
            <span className="flex items-baseline gap-2">
              <span className="truncate font-medium">{clip.name}</span>
              {!clip.present && (
                <span className="shrink-0 rounded-full bg-danger-soft px-2 text-note text-danger">{t('file missing')}</span>
              )}
              <span className="ml-auto shrink-0 text-note text-quiet">{momentText(updated)}</span>
            </span>
            <span className="block text-note text-quiet">
              {chat ? t('{count, plural, one {# question} other {# questions}}', { count: chat.turns }) : t('events')}
              {chat?.model && ` · ${chat.model}`}
            </span>
            {snippets
              .filter((snippet) => !('start' in snippet))
              .map((snippet) => (
                <span key={keyOf(snippet)} className="line-clamp-2 text-control">
                  {snippet.field === 'question' && <span className="text-quiet">{t('Question:')} </span>}
                  {snippet.field === 'version' && <span className="text-quiet">{t('Another answer:')} </span>}
                  <Parts parts={snippet.parts} />
                </span>
              ))}
          </span>
        </button>
        {moments.map((snippet) => (
          <button
            key={keyOf(snippet)}
            type="button"
            title={t('Open the clip at {time}', { time: clockText(snippet.start) })}
            onClick={() => open(snippet.start)}
            className="ml-34 flex w-[calc(100%-8.5rem)] gap-2 rounded-control px-1 py-0.5 text-left text-control hover:bg-panel"
          >
            <Thumbnail handle={clip.handle} time={snippet.start} className="h-9 w-16 shrink-0 rounded-control object-cover" />
            <span className="shrink-0 font-medium text-accent tabular-nums">{clockText(snippet.start, 0)}</span>{' '}
            <span className="line-clamp-2">
              <Parts parts={snippet.parts} />
            </span>
          </button>
        ))}
      </div>
    </div>
  )
})

function keyOf(snippet: Snippet): string {
  return 'start' in snippet
    ? `${snippet.field} ${snippet.start} ${snippet.parts.map(({ text }) => text).join('')}`
    : `${snippet.turn} ${snippet.field}`
}

function Parts({ parts }: { readonly parts: readonly SnippetPart[] }) {
  return parts.map((part, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change their order.
    <Part key={i} part={part} />
  ))
}

function Part({ part: { text, hit } }: { readonly part: SnippetPart }) {
  if (!hit) return <span>{text}</span>
  return <mark className="rounded-mark bg-accent-soft px-0.5 text-text underline decoration-accent decoration-2">{text}</mark>
}
