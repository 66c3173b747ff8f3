import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { BatchJob } from '../../../shared/contract/batch.ts'
import { rowsOf } from '../../lib/batch-words.ts'
import { useBatches } from '../../stores/batches.ts'
import { told } from '../../stores/problem.ts'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { BatchItemRow } from './batch-item-row.tsx'

const AHEAD = 50

/** All clips of a batch. */
export function BatchTable({ job }: { readonly job: BatchJob }) {
  const { items, cursor, filter, more } = useBatches()
  const box = useRef<HTMLDivElement>(null)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => 60,
    getItemKey: (i) => items[i]?.id ?? i,
    overscan: 8,
  })
  const end = list.getVirtualItems().at(-1)?.index ?? 0
  useEffect(() => {
    if (cursor !== null && end >= items.length - AHEAD) told(more)
  }, [cursor, end, items.length, more])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section ref={box} tabIndex={0} aria-label="Clips of the batch" className="min-h-0 flex-1 overflow-y-auto px-6 pb-4">
      <VirtualRows list={list} setSize={rowsOf(job, filter, items.length)}>
        {(index) => {
          const item = items[index]
          return item && <BatchItemRow job={job} item={item} />
        }}
      </VirtualRows>
    </section>
  )
}
