import type { Virtualizer } from '@tanstack/react-virtual'
import type { ReactNode } from 'react'

/**
 * Renders the visible rows of a virtualized list, or the cells of a grid if the list has several lanes. `setSize` is the total number of rows; `gap` is a
 * CSS class for the space around each row. Rows are measured, unless all have the given `height` in pixels: each new measure moves all later rows.
 */
export function VirtualRows({
  list,
  setSize,
  gap = '',
  height,
  children,
}: {
  readonly list: Virtualizer<HTMLDivElement, HTMLLIElement>
  readonly setSize: number
  readonly gap?: string
  readonly height?: number | undefined
  readonly children: (index: number) => ReactNode
}) {
  const { lanes, scrollMargin } = list.options
  return (
    <ol className="relative" style={{ height: list.getTotalSize() }}>
      {list.getVirtualItems().map(({ index, key, start, lane }) => (
        <li
          key={key}
          ref={height === undefined ? list.measureElement : undefined}
          data-index={index}
          aria-setsize={setSize}
          aria-posinset={index + 1}
          className={`absolute top-0 ${gap}`}
          style={{ transform: `translateY(${start - scrollMargin}px)`, left: `${(100 * lane) / lanes}%`, width: `${100 / lanes}%`, height }}
        >
          {children(index)}
        </li>
      ))}
    </ol>
  )
}
