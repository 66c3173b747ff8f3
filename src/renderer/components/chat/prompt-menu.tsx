import { BookOpenText } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useRef } from 'react'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useModels } from '../../stores/models.ts'
import { useQuestion } from '../../stores/question.ts'
import { useSettings } from '../../stores/settings.ts'
import { menuBox, menuItem } from '../ui/menu-look.ts'

/** Menu of prompts: the model's and the user's own. */
export function PromptMenu({ disabled, onPick }: { readonly disabled: boolean; readonly onPick: (text: string) => void }) {
  const settings = useSettings((state) => state.view?.values)
  const model = useModels((state) => state.installed.find(({ name }) => name === settings?.model))
  const picked = useRef(false)
  const groups = [
    {
      title: model ? t('For {model}', { model: model.name }) : '',
      prompts: (model?.prompts ?? []).map(({ name, text }) => ({ name: translate(name), text })),
    },
    { title: t('Your prompts'), prompts: settings?.prompts ?? [] },
  ].filter(({ prompts }) => prompts.length > 0)
  const pick = (text: string) => {
    picked.current = true
    onPick(text)
  }
  const toQuestion = (event: Event) => {
    if (!picked.current) return
    picked.current = false
    event.preventDefault()
    useQuestion.getState().focus()
  }
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        disabled={disabled || groups.length === 0}
        aria-label={t('Ready prompts')}
        title={t('Ready prompts')}
        className="grid size-9 shrink-0 place-items-center rounded-control text-quiet hover:bg-sunk hover:text-text disabled:opacity-45"
      >
        <BookOpenText size={17} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="start" side="top" sideOffset={8} className={`${menuBox} max-w-104`} onCloseAutoFocus={toQuestion}>
          {groups.map(({ title, prompts }) => (
            <DropdownMenu.Group key={title}>
              <DropdownMenu.Label className="px-2.5 py-1 text-note text-quiet">{title}</DropdownMenu.Label>
              {prompts.map(({ name, text }) => (
                <DropdownMenu.Item key={name} className={menuItem} onSelect={() => pick(text)}>
                  <span className="min-w-0">
                    <span className="block font-medium">{name}</span>
                    <span className="block truncate text-note text-quiet">{text}</span>
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
