import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { controlClass } from '../ui/field.tsx'

interface SystemPromptProps {
  readonly id: string
  readonly describedBy: string
  readonly value: string
  readonly onChange: (value: string) => void
}

/** The system prompt. It is stored when the user leaves the field, because every change would otherwise be a request. */
export function SystemPrompt({ id, describedBy, value, onChange }: SystemPromptProps) {
  const [typed, setTyped] = useState<string | null>(null)
  return (
    <textarea
      id={id}
      aria-describedby={describedBy}
      rows={2}
      placeholder={t('default of the model')}
      className={`${controlClass} h-auto resize-y py-1.5`}
      value={typed ?? value}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => {
        if (typed !== null && typed.trim() !== value) onChange(typed.trim())
        setTyped(null)
      }}
    />
  )
}
