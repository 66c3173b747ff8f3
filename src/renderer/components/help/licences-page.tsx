import { useVirtualizer } from '@tanstack/react-virtual'
import { Search } from 'lucide-react'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { LicensedComponent } from '../../../shared/licences.ts'
import { t } from '../../../shared/text.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { useListEnds } from '../../hooks/use-list-ends.ts'
import { service } from '../../transport.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { VirtualRows } from '../ui/virtual-rows.tsx'
import { LicenceDialog } from './licence-dialog.tsx'

const askLicences = () => service.system.licences()

/** Lists everything that is shipped with its licence; a click shows the licence's text. */
export function LicencesPage() {
  const { answer: components, problem, again } = useAnswer(askLicences)
  const [text, setText] = useState('')
  const found = useMemo(() => matching(components ?? [], text), [components, text])
  if (problem) return <FailureNotice error={problem} can={{ retry: again }} />
  if (!components) return <p className="text-quiet">{t('Loading…')}</p>
  return (
    <div className="max-w-3xl space-y-3">
      <p className="text-quiet">{t('Everything that Tarsier contains, or installs with it. Choose an entry to read its licence.')}</p>
      <search className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="relative min-w-44 flex-1">
          <Search size={16} aria-hidden="true" className="pointer-events-none absolute top-2.5 left-3 text-quiet" />
          <input
            type="search"
            aria-label={t('Search names and licences')}
            placeholder={t('Search names and licences…')}
            className="h-9 w-full rounded-control border border-edge bg-panel px-2 pl-9 text-control"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <p role="status" className="text-control text-quiet tabular-nums">
          {found.length === components.length
            ? components.length
            : t('{found} of {total}', { found: found.length, total: components.length })}
        </p>
      </search>
      <ComponentList components={found} />
    </div>
  )
}

function ComponentList({ components }: { readonly components: readonly LicensedComponent[] }) {
  const box = useRef<HTMLElement>(null)
  const [above, setAbove] = useState(0)
  const [shown, setShown] = useState<LicensedComponent | null>(null)
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: components.length,
    getScrollElement: () => box.current?.closest<HTMLDivElement>('[role="tabpanel"]') ?? null,
    estimateSize: () => 48,
    scrollMargin: above,
    overscan: 12,
  })
  const toEnds = useListEnds(list)
  // The list scrolls with what stands above it in the panel.
  useLayoutEffect(() => setAbove(box.current?.offsetTop ?? 0))
  return (
    <section ref={box} aria-label={t('Licences')} onKeyDown={toEnds} className="-mx-2">
      {components.length === 0 && <p className="px-2 text-quiet">{t('Nothing matches.')}</p>}
      <VirtualRows list={list} setSize={components.length}>
        {(index) => {
          const component = components[index]
          return component && <Row component={component} onShow={() => setShown(component)} />
        }}
      </VirtualRows>
      {shown && <LicenceDialog component={shown} onClose={() => setShown(null)} />}
    </section>
  )
}

function Row({ component, onShow }: { readonly component: LicensedComponent; readonly onShow: () => void }) {
  const { name, version, licence, within } = component
  return (
    <button
      type="button"
      onClick={onShow}
      className="flex w-full flex-wrap items-baseline justify-between gap-x-4 border-t border-line px-2 py-2 text-left text-control transition-colors hover:bg-sunk"
    >
      <span className="min-w-0 wrap-anywhere">
        <span translate="no" className="font-medium">
          {name}
        </span>{' '}
        <span className="text-quiet tabular-nums">{[version, within && t('in {name}', { name: within })].filter(Boolean).join(' · ')}</span>
      </span>
      <span className="text-quiet wrap-anywhere">{licence}</span>
    </button>
  )
}

/** Components whose name, package or licence contains each word. */
function matching(components: readonly LicensedComponent[], text: string): readonly LicensedComponent[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return components
  return components.filter(({ name, version = '', licence, within = '' }) => {
    const all = `${name} ${version} ${licence} ${within}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
}
