import { useEffect, useState } from 'react'
import { clockText, parseClock } from '../../lib/time-text.ts'

interface TimeFieldProps {
  readonly label: string
  readonly value: number
  readonly onChange: (seconds: number) => void
  readonly disabled?: boolean
  /** Whether the time stands out, as that of the player. */
  readonly strong?: boolean
}

/** Time input. It commits on Enter or blur; invalid input is reverted. */
export function TimeField({ label, value, onChange, disabled = false, strong = false }: TimeFieldProps) {
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
      className={`h-7 shrink-0 rounded-control border border-transparent bg-transparent text-center text-text tabular-nums hover:border-line focus:border-edge ${strong ? 'w-18 text-body font-semibold' : 'w-16 text-control'}`}
      value={shown}
      disabled={disabled}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit()
        if (event.key !== 'Escape' || typed === null) return
        // Escape would also stop an answer.
        event.preventDefault()
        setTyped(null)
      }}
    />
  )
}
