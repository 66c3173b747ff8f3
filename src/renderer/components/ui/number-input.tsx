import { useEffect, useState } from 'react'
import { typedNumber } from '../../lib/number-text.ts'
import { controlClass } from './field.tsx'

interface NumberInputProps {
  readonly id: string
  readonly describedBy: string
  /** Null shows the placeholder with the default value. */
  readonly value: number | null
  readonly placeholder: string
  readonly min: number
  readonly max: number
  readonly step?: number
  readonly onChange: (value: number | null) => void
}

/** Number input that commits on blur or Enter and clamps to its bounds. Empty input means the default; a text that is no number is reverted. */
export function NumberInput({ id, describedBy, value, placeholder, min, max, step = 1, onChange }: NumberInputProps) {
  const [text, setText] = useState(value === null ? '' : String(value))
  useEffect(() => setText(value === null ? '' : String(value)), [value])
  const commit = () => {
    const typed = typedNumber(text, { min, max, step })
    const taken = typed === undefined ? value : typed
    setText(taken === null ? '' : String(taken))
    if (taken !== value) onChange(taken)
  }
  return (
    <input
      id={id}
      aria-describedby={describedBy}
      className={controlClass}
      inputMode={step >= 1 ? 'numeric' : 'decimal'}
      value={text}
      placeholder={placeholder}
      onChange={(event) => setText(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  )
}
