import type { Virtualizer } from '@tanstack/react-virtual'
import type { ReactNode } from 'react'

/** The rows of a long list that are to be seen, at their places; `setSize` is how many there are in all. `gap` is a class of space below each. */
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
