import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { BatchJob } from '../../../shared/contract/batch.ts'
import { useBatches } from '../../stores/batches.ts'
import { told } from '../../stores/problem.ts'
import { BatchItemRow } from './batch-item-row.tsx'

const AHEAD = 50

/** All clips of a batch. */
export function BatchTable({ job }: { readonly job: BatchJob }) {
  const { items, cursor, more } = useBatches()
  const box = useRef<HTMLDivElement>(null)
  const list = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => 60,
    getItemKey: (i) => items[i]?.id ?? i,
    overscan: 8,
  })
  const rows = list.getVirtualItems()
  const end = rows.at(-1)?.index ?? 0
  useEffect(() => {
    if (cursor !== null && end >= items.length - AHEAD) told(more)
  }, [cursor, end, items.length, more])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section ref={box} tabIndex={0} aria-label="Clips of the batch" className="min-h-0 flex-1 overflow-y-auto px-6 pb-4">
      <ol className="relative" style={{ height: list.getTotalSize() }}>
        {rows.map(({ index, key, start }) => {
          const item = items[index]
          return (
            <li
              key={key}
              ref={list.measureElement}
              data-index={index}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${start}px)` }}
            >
              {item && <BatchItemRow job={job} item={item} />}
            </li>
          )
        })}
      </ol>
    </section>
  )
}
