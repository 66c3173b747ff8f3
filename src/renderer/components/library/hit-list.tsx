import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { t } from '../../../shared/text.ts'
import { useListEnds } from '../../hooks/use-list-ends.ts'
import { rowAt } from '../../lib/sparse-pages.ts'
import { useLibrary } from '../../stores/library.ts'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { HitCard } from './hit-card.tsx'
import { HitRow } from './hit-row.tsx'

/** Least width of a card in pixels. */
const CARD_PX = 250
/** Height of a card's texts in pixels, as long as no card has been measured. */
const TEXT_PX = 112

/** The library: a grid of its clips, or a list of what a search found. Only visible entries are rendered, and their pages are loaded on demand. */
export function HitList() {
  const { query, total, pages, need } = useLibrary()
  const box = useRef<HTMLDivElement>(null)
  const width = useWidth(box)
  const isSearch = query.text.trim() !== ''
  const lanes = isSearch ? 1 : Math.max(1, Math.floor(width / CARD_PX))
  const cardHeight = useCardHeight(box, width / lanes, isSearch)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: total,
    lanes,
    getScrollElement: () => box.current,
    estimateSize: () => (isSearch ? 104 : (cardHeight ?? Math.round(((width / lanes) * 9) / 16 + TEXT_PX))),
    // Rows of the grid or of the list.
    overscan: isSearch ? 6 : 1,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another number of columns gives every entry another height.
  useEffect(() => list.measure(), [list, lanes, width, cardHeight])
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
  const Entry = isSearch ? HitRow : HitCard
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard.
    <section ref={box} tabIndex={0} onKeyDown={toEnds} aria-label={t('Conversations')} className="min-h-0 flex-1 overflow-y-auto px-4 pb-4">
      <VirtualRows list={list} setSize={total} gap="p-2" height={cardHeight}>
        {(index) => {
          const hit = rowAt(pages, index)
          return hit ? (
            <Entry hit={hit} />
          ) : (
            <div aria-hidden="true" className={`rounded-panel bg-sunk ${isSearch ? 'h-22' : cardHeight ? 'h-full' : 'aspect-4/3'}`} />
          )
        }}
      </VirtualRows>
    </section>
  )
}

/** Height that all cards of a width have, in pixels, taken from the first one that is rendered; undefined before, and for the rows of a search. */
function useCardHeight(box: React.RefObject<HTMLElement | null>, width: number, isSearch: boolean): number | undefined {
  const [known, setKnown] = useState<{ readonly width: number; readonly height: number } | null>(null)
  const height = !isSearch && known?.width === width ? known.height : undefined
  useLayoutEffect(() => {
    const card = isSearch || height !== undefined ? null : box.current?.querySelector<HTMLElement>('li:has(button)')
    if (card) setKnown({ width, height: card.offsetHeight })
  })
  return height
}

/** Width of an element's content in pixels; 0 before it is known. */
function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!element.current) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width))
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [element])
  return width
}
