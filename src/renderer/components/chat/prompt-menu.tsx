import { BookOpenText } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useSettings } from '../../stores/settings.ts'
import { menuBox, menuItem } from '../ui/menu-look.ts'

/** Menu of prompts: those from the papers and the user's own. */
export function PromptMenu({ disabled, onPick }: { readonly disabled: boolean; readonly onPick: (text: string) => void }) {
  const view = useSettings((state) => state.view)
  const groups = [
    { title: 'From the Tarsier papers', prompts: view?.presets ?? [] },
    { title: 'Your prompts', prompts: view?.values.prompts ?? [] },
  ].filter(({ prompts }) => prompts.length > 0)
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        disabled={disabled || groups.length === 0}
        aria-label="Ready prompts"
        title="Ready prompts"
        className="grid size-9 shrink-0 place-items-center rounded-lg text-quiet hover:bg-sunk hover:text-text disabled:opacity-45"
      >
        <BookOpenText size={17} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="start" side="top" sideOffset={8} className={`${menuBox} max-w-104`}>
          {groups.map(({ title, prompts }) => (
            <DropdownMenu.Group key={title}>
              <DropdownMenu.Label className="px-2.5 py-1 text-[0.75rem] text-quiet">{title}</DropdownMenu.Label>
              {prompts.map(({ name, text }) => (
                <DropdownMenu.Item key={name} className={menuItem} onSelect={() => onPick(text)}>
                  <span className="min-w-0">
                    <span className="block font-medium">{name}</span>
                    <span className="block truncate text-[0.75rem] text-quiet">{text}</span>
                  </span>
                </DropdownMenu.Item>
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
