import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type RefObject, useEffect, useRef } from 'react'
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
  /** Row that a key moved to, until it is loaded and has the focus. */
  const goal = useRef<number | null>(null)
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
    goal.current = null
    box.current?.scrollTo({ top: 0 })
  }, [query])
  // Distant rows are rendered and loaded later.
  useEffect(() => focusGoal(box.current, goal))
  const at = choice?.index ?? null
  useEffect(() => {
    if (at !== null) list.scrollToIndex(at, { align: 'auto' })
  }, [at, list])
  const walk = (event: KeyboardEvent) => {
    const from = goal.current ?? Number(document.activeElement?.closest('[data-index]')?.getAttribute('data-index') ?? -1)
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: total - 1 }[event.key]
    if (to === undefined || total === 0) return
    event.preventDefault()
    const index = Math.min(total - 1, Math.max(0, to))
    goal.current = index
    list.scrollToIndex(index, { align: 'auto' })
    focusGoal(box.current, goal)
    // The row that has the focus may be scrolled away: until the new one is loaded, the list itself gets further keys.
    if (goal.current !== null) box.current?.focus({ preventScroll: true })
  }
  const forgetGoal = () => {
    goal.current = null
  }
  if (total === 0) return <p className="px-6 py-12 text-center text-quiet">{loading ? '' : t('No samples match the filters.')}</p>
  return (
    <section
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard.
      tabIndex={0}
      aria-label={t('Samples')}
      onKeyDown={walk}
      onWheel={forgetGoal}
      onPointerDown={forgetGoal}
      className="min-h-0 flex-1 overflow-y-auto px-6 pb-4"
    >
      <VirtualRows list={list} setSize={total} gap="pb-1.5">
        {(index) => <SampleListRow row={rowAt(pages, index)} index={index} height={ROW_PIXELS - 6} />}
      </VirtualRows>
    </section>
  )
}

/** Focuses the row that a key moved to once it is loaded, unless the user has focused something outside the list in the meantime. */
function focusGoal(box: HTMLElement | null, goal: RefObject<number | null>): void {
  if (box === null || goal.current === null) return
  const button = box.querySelector<HTMLElement>(`[data-index="${goal.current}"] button`)
  if (!button) return
  goal.current = null
  if (box.contains(document.activeElement)) button.focus({ preventScroll: true })
}
