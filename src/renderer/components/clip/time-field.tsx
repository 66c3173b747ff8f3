import { useEffect, useState } from 'react'
import { clockText, parseClock } from '../../lib/time-text.ts'

interface TimeFieldProps {
  readonly label: string
  readonly value: number
  readonly onChange: (seconds: number) => void
  readonly disabled?: boolean
}

/** Time input. It commits on Enter or blur; invalid input is reverted. */
export function TimeField({ label, value, onChange, disabled = false }: TimeFieldProps) {
  const [typed, setTyped] = useState<string | null>(null)
  // Playback does not overwrite text that is being edited.
  const shown = typed ?? clockText(value)
  useEffect(() => {
    if (disabled) setTyped(null)
  }, [disabled])
  const commit = () => {
    const seconds = typed === null ? null : parseClock(typed)
    setTyped(null)
    if (seconds !== null) onChange(seconds)
  }
  return (
    <input
      aria-label={label}
      className="h-7 w-16 shrink-0 rounded-md border border-transparent bg-transparent text-center text-[0.8125rem] tabular-nums hover:border-line focus:border-edge disabled:opacity-55"
      value={shown}
      disabled={disabled}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit()
        if (event.key === 'Escape') setTyped(null)
      }}
    />
  )
}
