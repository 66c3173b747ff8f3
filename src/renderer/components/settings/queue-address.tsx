import { useState } from 'react'
import { options } from '../../../shared/options.ts'
import { firstIssue } from '../../../shared/schema-issue.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useTyped } from '../../hooks/use-typed.ts'
import { controlClass } from '../ui/field.tsx'

interface QueueAddressProps {
  readonly id: string
  readonly describedBy: string
  readonly value: string
  /** Stores another value; returns whether it did. */
  readonly onChange: (value: string) => Promise<boolean>
}

/** The address of a queue. It is stored when the user leaves the field or presses Enter, unless it is wrong: then the reason is shown. */
export function QueueAddress({ id, describedBy, value, onChange }: QueueAddressProps) {
  const typed = useTyped(value, onChange)
  const [wrong, setWrong] = useState<string | null>(null)
  const store = () => {
    const { data, error } = options.queue.safeParse(typed.text)
    setWrong(error ? t('The address {problem}.', { problem: translate(firstIssue(error).message) }) : null)
    if (data !== undefined) typed.store(data)
  }
  return (
    <div className="space-y-1">
      <input
        id={id}
        aria-describedby={describedBy}
        aria-invalid={wrong !== null}
        type="text"
        spellCheck={false}
        autoComplete="off"
        placeholder={t('none')}
        className={controlClass}
        value={typed.text}
        onChange={(event) => typed.type(event.target.value)}
        onBlur={store}
        onKeyDown={(event) => {
          if (event.key === 'Enter') store()
        }}
      />
      {wrong && (
        <p role="alert" className="text-note text-danger">
          {wrong}
        </p>
      )}
    </div>
  )
}
