import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useListEnds } from '../../hooks/use-list-ends.ts'
import { rowAt } from '../../lib/sparse-pages.ts'
import { useLibrary } from '../../stores/library.ts'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { HitRow } from './hit-row.tsx'

/** What was found; of ten thousand only those that are to be seen are laid out, and loaded, wherever one scrolls to. */
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search, or a page that came, is a reason to look again.
  useEffect(() => need(first, last), [first, last, need, query, pages])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search begins at its beginning.
  useEffect(() => {
    box.current?.scrollTo({ top: 0 })
  }, [query])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
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
