import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useRef } from 'react'
import { t } from '../../../shared/text.ts'
import { useListEnds } from '../../hooks/use-list-ends.ts'
import { rowAt } from '../../lib/sparse-pages.ts'
import { useBatches } from '../../stores/batches.ts'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { BatchItemRow } from './batch-item-row.tsx'

/** Virtualized list of a batch's clips. Only visible rows are rendered, and their pages are loaded on demand. */
export function BatchTable({ job }: { readonly job: string }) {
  const { filter, total, pages, need } = useBatches()
  const box = useRef<HTMLDivElement>(null)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: total,
    getScrollElement: () => box.current,
    estimateSize: () => 60,
    // Rows are keyed by item, so that a row keeps the focus when rows before it leave the filter.
    getItemKey: useCallback((i: number) => rowAt(pages, i)?.id ?? i, [pages]),
    overscan: 8,
  })
  const toEnds = useListEnds(list)
  const shown = list.getVirtualItems()
  const first = shown[0]?.index ?? 0
  const last = shown.at(-1)?.index ?? 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new selection of clips or a loaded page must trigger another check.
  useEffect(() => need(first, last), [first, last, need, job, filter, pages])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new selection of clips scrolls to the top.
  useEffect(() => {
    box.current?.scrollTo({ top: 0 })
  }, [job, filter])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard.
    <section ref={box} tabIndex={0} onKeyDown={toEnds} aria-label={t('Batch clips')} className="min-h-0 flex-1 overflow-y-auto px-6 pb-4">
      <VirtualRows list={list} setSize={total}>
        {(index) => {
          const item = rowAt(pages, index)
          return item ? <BatchItemRow job={job} item={item} /> : <div aria-hidden="true" className="h-14 border-b border-line" />
        }}
      </VirtualRows>
    </section>
  )
}
