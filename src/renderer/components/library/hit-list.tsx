import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useListEnds } from '../../hooks/use-list-ends.ts'
import { rowAt } from '../../lib/sparse-pages.ts'
import { useLibrary } from '../../stores/library.ts'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { HitRow } from './hit-row.tsx'

/** Virtualized list of search results. Only visible rows are rendered, and their pages are loaded on demand. */
export function HitList() {
  const { query, total, pages, need } = useLibrary()
  const box = useRef<HTMLDivElement>(null)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: total,
    getScrollElement: () => box.current,
    estimateSize: () => 104,
    overscan: 6,
  })
  const toEnds = useListEnds(list)
  const shown = list.getVirtualItems()
  const first = shown[0]?.index ?? 0
  const last = shown.at(-1)?.index ?? 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new search or a loaded page must trigger another check.
  useEffect(() => need(first, last), [first, last, need, query, pages])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new search scrolls to the top.
  useEffect(() => {
    box.current?.scrollTo({ top: 0 })
  }, [query])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard.
    <section ref={box} tabIndex={0} onKeyDown={toEnds} aria-label="Conversations" className="min-h-0 flex-1 overflow-y-auto px-6 pb-4">
      <VirtualRows list={list} setSize={total} gap="pb-2">
        {(index) => {
          const hit = rowAt(pages, index)
          return hit ? <HitRow hit={hit} /> : <div aria-hidden="true" className="h-24 rounded-xl bg-sunk" />
        }}
      </VirtualRows>
    </section>
  )
}
