import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { useSettings } from '../../stores/settings.ts'
import { Button } from '../ui/button.tsx'
import { controlClass } from '../ui/field.tsx'
import { IconButton } from '../ui/icon-button.tsx'

/** The user's own prompts; those from the papers are in the menu next to the question. */
export function OwnPrompts() {
  const prompts = useSettings((state) => state.view?.values.prompts) ?? []
  const set = useSettings((state) => state.set)
  const [name, setName] = useState('')
  const [text, setText] = useState('')
  const why =
    name.trim() === '' || text.trim() === ''
      ? t('Enter a name and a text')
      : prompts.some((other) => other.name === name.trim())
        ? t('A prompt with this name already exists')
        : null
  const add = () => {
    void set({ prompts: [...prompts, { name: name.trim(), text: text.trim() }] })
    setName('')
    setText('')
  }
  return (
    <details className="rounded-control bg-sunk px-3 py-2">
      <summary className="text-control font-medium">{t('Your prompts ({count})', { count: prompts.length })}</summary>
      <ul className="space-y-1 py-2">
        {prompts.map((prompt) => (
          <li key={prompt.name} className="flex items-center gap-2 text-control">
            <span className="min-w-0 flex-1">
              <span className="block font-medium">{prompt.name}</span>
              <span className="block truncate text-quiet">{prompt.text}</span>
            </span>
            <IconButton
              icon={Trash2}
              label={t('Remove the prompt {name}', { name: prompt.name })}
              onClick={() => void set({ prompts: prompts.filter((other) => other !== prompt) })}
            />
          </li>
        ))}
      </ul>
      <div className="grid gap-2">
        <input
          aria-label={t('Name of a new prompt')}
          placeholder={t('Name')}
          className={controlClass}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <textarea
          aria-label={t('Text of a new prompt')}
          placeholder={t('Text')}
          rows={2}
          className={`${controlClass} h-auto resize-y py-1.5`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button size="small" why={why} onClick={add}>
          <Plus size={14} aria-hidden="true" /> {t('Add')}
        </Button>
      </div>
    </details>
  )
}
