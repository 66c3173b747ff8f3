import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useLibrary } from '../../stores/library.ts'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { HitRow } from './hit-row.tsx'

/** How many rows before the end the next page is asked for. */
const AHEAD = 20

/** What was found; of ten thousand only those that are to be seen are laid out. */
export function HitList() {
  const { hits, cursor, more, total } = useLibrary()
  const box = useRef<HTMLDivElement>(null)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: hits.length,
    getScrollElement: () => box.current,
    estimateSize: () => 104,
    getItemKey: (i) => hits[i]?.chat.id ?? i,
    overscan: 6,
  })
  const end = list.getVirtualItems().at(-1)?.index ?? 0
  useEffect(() => {
    if (cursor !== null && end >= hits.length - AHEAD) void more()
  }, [cursor, end, hits.length, more])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section ref={box} tabIndex={0} aria-label="Conversations" className="min-h-0 flex-1 overflow-y-auto px-6 pb-4">
      <VirtualRows list={list} setSize={total} gap="pb-2">
        {(index) => {
          const hit = hits[index]
          return hit && <HitRow hit={hit} />
        }}
      </VirtualRows>
    </section>
  )
}
