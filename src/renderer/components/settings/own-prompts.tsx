import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { MAX_PROMPTS } from '../../../shared/contract/settings.ts'
import { type Preset, presetSchema } from '../../../shared/model-manifest.ts'
import { t } from '../../../shared/text.ts'
import { useSettings } from '../../stores/settings.ts'
import { Button } from '../ui/button.tsx'
import { controlClass } from '../ui/field.tsx'
import { IconButton } from '../ui/icon-button.tsx'

/** The user's own prompts; those from the papers are in the menu next to the question. */
export function OwnPrompts() {
  const prompts = useSettings((state) => state.view?.values.prompts) ?? []
  const { addPrompt, removePrompt } = useSettings()
  const [name, setName] = useState('')
  const [text, setText] = useState('')
  const [adding, setAdding] = useState(false)
  const prompt = { name: name.trim(), text: text.trim() }
  const add = async () => {
    setAdding(true)
    const added = await addPrompt(prompt)
    setAdding(false)
    if (!added) return
    // Unless the user types the next one already.
    setName((now) => (now === name ? '' : now))
    setText((now) => (now === text ? '' : now))
  }
  const why = adding ? t('The prompt is being added') : whyNot(prompt, prompts)
  return (
    <details className="rounded-control bg-sunk px-3 py-2">
      <summary className="text-control font-medium">{t('Your prompts ({count})', { count: prompts.length })}</summary>
      <ul className="space-y-1 py-2">
        {prompts.map((own) => (
          <li key={own.name} className="flex items-center gap-2 text-control">
            <span className="min-w-0 flex-1">
              <span className="block font-medium">{own.name}</span>
              <span className="block truncate text-quiet">{own.text}</span>
            </span>
            <IconButton icon={Trash2} label={t('Remove the prompt {name}', { name: own.name })} onClick={() => void removePrompt(own)} />
          </li>
        ))}
      </ul>
      <div className="grid gap-2">
        <input
          aria-label={t('Name of a new prompt')}
          placeholder={t('Name')}
          className={controlClass}
          maxLength={maxName}
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
        <Button size="small" why={why} onClick={() => void add()}>
          <Plus size={14} aria-hidden="true" /> {t('Add')}
        </Button>
      </div>
    </details>
  )
}

const maxName = presetSchema.shape.name.maxLength ?? Number.MAX_SAFE_INTEGER
const maxText = presetSchema.shape.text.maxLength ?? Number.MAX_SAFE_INTEGER

/** Why a prompt cannot be added; null if it can. */
function whyNot({ name, text }: Preset, prompts: readonly Preset[]): string | null {
  if (name === '' || text === '') return t('Enter a name and a text')
  if (prompts.some((other) => other.name === name)) return t('A prompt with this name already exists')
  if (prompts.length >= MAX_PROMPTS) return t('There are {count, number} prompts already. Remove one first', { count: prompts.length })
  // A field that cuts off a pasted text would do so unnoticed.
  return text.length > maxText ? t('The text is longer than {count, number} characters', { count: maxText }) : null
}
