import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useLibrary } from '../../stores/library.ts'
import { HitRow } from './hit-row.tsx'

/** How many rows before the end the next page is asked for. */
const AHEAD = 20

/** What was found; of ten thousand only those that are to be seen are laid out. */
export function HitList() {
  const { hits, cursor, more, total } = useLibrary()
  const box = useRef<HTMLDivElement>(null)
  const list = useVirtualizer({
    count: hits.length,
    getScrollElement: () => box.current,
    estimateSize: () => 104,
    getItemKey: (i) => hits[i]?.chat.id ?? i,
    overscan: 6,
  })
  const rows = list.getVirtualItems()
  const end = rows.at(-1)?.index ?? 0
  useEffect(() => {
    if (cursor !== null && end >= hits.length - AHEAD) void more()
  }, [cursor, end, hits.length, more])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section ref={box} tabIndex={0} aria-label="Conversations" className="min-h-0 flex-1 overflow-y-auto px-6 pb-4">
      <ol className="relative" style={{ height: list.getTotalSize() }}>
        {rows.map(({ index, key, start }) => {
          const hit = hits[index]
          return (
            <li
              key={key}
              ref={list.measureElement}
              data-index={index}
              aria-setsize={total}
              aria-posinset={index + 1}
              className="absolute inset-x-0 top-0 pb-2"
              style={{ transform: `translateY(${start}px)` }}
            >
              {hit && <HitRow hit={hit} />}
            </li>
          )
        })}
      </ol>
    </section>
  )
}
