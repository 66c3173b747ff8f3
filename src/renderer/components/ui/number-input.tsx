import { useEffect, useState } from 'react'
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

/** Number input that commits on blur or Enter and clamps to its bounds. Empty input means the default. */
export function NumberInput({ id, describedBy, value, placeholder, min, max, step = 1, onChange }: NumberInputProps) {
  const [text, setText] = useState(value === null ? '' : String(value))
  useEffect(() => setText(value === null ? '' : String(value)), [value])
  const commit = () => {
    const given = text.trim() === '' ? null : Number(text.replace(',', '.'))
    const taken = given === null || !Number.isFinite(given) ? null : within(step >= 1 ? Math.round(given) : given, min, max)
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

function within(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value))
}
