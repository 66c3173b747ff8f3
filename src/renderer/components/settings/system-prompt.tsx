import { t } from '../../../shared/text.ts'
import { useTyped } from '../../hooks/use-typed.ts'
import { controlClass } from '../ui/field.tsx'

interface SystemPromptProps {
  readonly id: string
  readonly describedBy: string
  readonly value: string
  /** Stores another value; returns whether it did. */
  readonly onChange: (value: string) => Promise<boolean>
}

/** The system prompt. It is stored when the user leaves the field. */
export function SystemPrompt({ id, describedBy, value, onChange }: SystemPromptProps) {
  const { text, type, store } = useTyped(value, onChange)
  return (
    <textarea
      id={id}
      aria-describedby={describedBy}
      rows={2}
      placeholder={t('default of the model')}
      className={`${controlClass} h-auto resize-y py-1.5`}
      value={text}
      onChange={(event) => type(event.target.value)}
      onBlur={() => store(text.trim())}
    />
  )
}
