import type { Virtualizer } from '@tanstack/react-virtual'
import type { ReactNode } from 'react'

/** Renders the visible rows of a virtualized list. `setSize` is the total number of rows; `gap` is a CSS class for the space below each row. */
export function VirtualRows({
  list,
  setSize,
  gap = '',
  children,
}: {
  readonly list: Virtualizer<HTMLDivElement, HTMLLIElement>
  readonly setSize: number
  readonly gap?: string
  readonly children: (index: number) => ReactNode
}) {
  return (
    <ol className="relative" style={{ height: list.getTotalSize() }}>
      {list.getVirtualItems().map(({ index, key, start }) => (
        <li
          key={key}
          ref={list.measureElement}
          data-index={index}
          aria-setsize={setSize}
          aria-posinset={index + 1}
          className={`absolute inset-x-0 top-0 ${gap}`}
          style={{ transform: `translateY(${start}px)` }}
        >
          {children(index)}
        </li>
      ))}
    </ol>
  )
}
