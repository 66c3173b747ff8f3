import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { t } from '../../../shared/text.ts'
import { rowAt } from '../../lib/sparse-pages.ts'
import { useBenchList } from '../../stores/bench-list.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { SampleListRow } from './sample-list-row.tsx'

const ROW_PIXELS = 76

/** Virtualized list of samples that renders only visible rows and loads pages on demand. Arrow keys, Home and End move between rows. */
export function SampleList() {
  const { query, total, pages, need, loading } = useBenchList()
  const choice = useBenchSample((state) => state.choice)
  const box = useRef<HTMLDivElement>(null)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: total,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: (i) => i,
    overscan: 8,
  })
  const shown = list.getVirtualItems()
  const first = shown[0]?.index ?? 0
  const last = shown.at(-1)?.index ?? 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new list or a loaded page must trigger another check.
  useEffect(() => need(first, last), [first, last, need, query, pages])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new list scrolls to the top.
  useEffect(() => {
    box.current?.scrollTo({ top: 0 })
  }, [query])
  const at = choice?.index ?? null
  useEffect(() => {
    if (at !== null) list.scrollToIndex(at, { align: 'auto' })
  }, [at, list])
  const walk = (event: KeyboardEvent) => {
    const from = Number(document.activeElement?.closest('[data-index]')?.getAttribute('data-index') ?? -1)
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: total - 1 }[event.key]
    if (to === undefined || total === 0) return
    event.preventDefault()
    const index = Math.min(total - 1, Math.max(0, to))
    list.scrollToIndex(index, { align: 'auto' })
    focusRow(box.current, index)
  }
  if (total === 0) return <p className="px-6 py-12 text-center text-quiet">{loading ? '' : t('No samples match the filters.')}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard.
    <section ref={box} tabIndex={0} aria-label={t('Samples')} onKeyDown={walk} className="min-h-0 flex-1 overflow-y-auto px-6 pb-4">
      <VirtualRows list={list} setSize={total} gap="pb-1.5">
        {(index) => <SampleListRow row={rowAt(pages, index)} index={index} height={ROW_PIXELS - 6} />}
      </VirtualRows>
    </section>
  )
}

/** Focuses a row. Distant rows are rendered and loaded a few animation frames later, so it retries. */
function focusRow(box: HTMLElement | null, index: number, tries = 60): void {
  const button = box?.querySelector<HTMLElement>(`[data-index="${index}"] button`)
  if (button) button.focus({ preventScroll: true })
  else if (box && tries > 0) requestAnimationFrame(() => focusRow(box, index, tries - 1))
}
