import { Columns2 } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import type { Turn } from '../../../shared/contract/chats.ts'
import { t } from '../../../shared/text.ts'
import { compareWith } from '../../flows/ask.ts'
import { useComparison } from '../../stores/comparison.ts'
import { useModels } from '../../stores/models.ts'
import { menuBox, menuItem } from '../ui/menu-look.ts'

/** Lets another model answer the same question, or shows the answers that there are side by side. */
export function CompareMenu({ turn, last, busyWhy }: { readonly turn: Turn; readonly last: boolean; readonly busyWhy: string | null }) {
  const installed = useModels((state) => state.installed)
  const others = last && busyWhy === null ? installed.filter(({ name, problem }) => problem === null && name !== turn.model) : []
  if (others.length === 0 && turn.versions < 2) return null
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        aria-label={t('Compare answers')}
        title={t('Compare answers')}
        className="grid size-7 place-items-center rounded-control text-quiet hover:bg-sunk hover:text-text"
      >
        <Columns2 size={15} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="start" sideOffset={4} className={menuBox}>
          {turn.versions > 1 && (
            <DropdownMenu.Item className={menuItem} onSelect={() => useComparison.getState().show(turn.index)}>
              {t('Show {count} answers side by side', { count: turn.versions })}
            </DropdownMenu.Item>
          )}
          {others.length > 0 && <DropdownMenu.Label className="px-2.5 py-1 text-note text-quiet">{t('Compare with…')}</DropdownMenu.Label>}
          {others.map(({ name }) => (
            <DropdownMenu.Item key={name} className={menuItem} onSelect={() => compareWith(name)}>
              {name}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
