import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual'
import { Sparkles } from 'lucide-react'
import { useCallback, useEffect, useRef } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { ask, askWithFewerFrames, showSettings, tryAgain } from '../../flows/ask.ts'
import { useChat } from '../../stores/chat.ts'
import { useModels } from '../../stores/models.ts'
import { useSettings } from '../../stores/settings.ts'
import { useView } from '../../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { RunView } from './run-view.tsx'
import { TurnView } from './turn-view.tsx'

/** Number of ready questions that an empty conversation offers. */
const CHIPS = 3

/** Maximum distance from the end, in pixels, at which the list scrolls with new text. */
const NEAR = 80

/** All turns, in a virtualized list that renders only visible ones. */
export function MessageList({ metadata }: { readonly metadata: ClipMetadata }) {
  const { chat, run, problem } = useChat()
  const editing = useChat((state) => state.editing?.turn ?? null)
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  const turns = chat?.all ?? []
  const count = turns.length + (run ? 1 : 0)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => 180,
    getItemKey: (index) => `${chat?.id} ${index}`,
    overscan: 2,
    rangeExtractor: useCallback((range: Range) => rowsOf(range, editing), [editing]),
  })
  const size = list.getTotalSize()
  // biome-ignore lint/correctness/useExhaustiveDependencies: any growth moves the end of the list.
  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [size, run, count])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new conversation or question starts at the end.
  useEffect(() => {
    atEnd.current = true
  }, [chat?.id, run?.started])
  const onScroll = () => {
    const element = box.current
    if (element) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard.
    <section ref={box} onScroll={onScroll} tabIndex={0} aria-label={t('Messages')} className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto max-w-3xl px-5 py-4">
        {count === 0 && <EmptyChat metadata={metadata} />}
        <VirtualRows list={list} setSize={count} gap="pb-5">
          {(index) => {
            const turn = turns[index]
            return turn ? <TurnView turn={turn} last={index === turns.length - 1} busy={run !== null} /> : run && <RunView run={run} />
          }}
        </VirtualRows>
        {problem && (
          <FailureNotice
            error={problem}
            can={{
              retry: tryAgain,
              'fewer-frames': () => askWithFewerFrames(tryAgain),
              'other-device': showSettings,
              models: () => useView.getState().show('models'),
            }}
            onDismiss={() => useChat.setState({ problem: null })}
          />
        )}
      </div>
    </section>
  )
}

/** The rows to render: the visible ones, and the one that is being edited, whose field would lose the focus. */
function rowsOf(range: Range, editing: number | null): number[] {
  const rows = defaultRangeExtractor(range)
  if (editing === null || editing >= range.count || rows.includes(editing)) return rows
  return [...rows, editing].sort((a, b) => a - b)
}

/** Shown in a conversation without questions. */
function EmptyChat({ metadata }: { readonly metadata: ClipMetadata }) {
  const why = metadata.present ? null : t('The file is missing. Locate it first')
  const name = useSettings((state) => state.view?.values.model)
  const model = useModels((state) => state.installed.find((other) => other.name === name))
  const questions = (model?.prompts ?? []).filter(({ text }) => text !== model?.defaults?.prompt).slice(0, CHIPS)
  return (
    <div className="grid justify-items-center gap-3 py-16 text-center">
      <p className="text-title font-semibold">{t('Ask about “{name}”', { name: metadata.name })}</p>
      <p className="max-w-sm text-quiet">{t('Type a question below, or let the model describe what happens.')}</p>
      <Button variant="primary" why={why} onClick={() => void ask()}>
        <Sparkles size={16} aria-hidden="true" /> {t('Describe it')}
      </Button>
      <ul aria-label={t('Questions to begin with')} className="flex max-w-lg flex-wrap justify-center gap-2">
        {questions.map(({ text }) => (
          <li key={text}>
            <Button size="small" className="rounded-full" why={why} onClick={() => void ask(text)}>
              {text}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  )
}
