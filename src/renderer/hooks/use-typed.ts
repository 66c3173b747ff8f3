import { useRef, useState } from 'react'

/** What the user types into a field of a setting, until it is stored. */
interface Typed {
  /** What the field shows. */
  readonly text: string
  readonly type: (text: string) => void
  /** Stores what was typed, as `as` (default: as it was typed). It stays in the field if that fails. */
  readonly store: (as?: string) => void
}

/**
 * Keeps what is typed apart from the stored value, because every change would otherwise be a request.
 * @param value the stored text
 * @param change stores another one; returns whether it did
 */
export function useTyped(value: string, change: (text: string) => boolean | Promise<boolean>): Typed {
  const [typed, setTyped] = useState<string | null>(null)
  /** What is being stored: Enter is followed by leaving the field. */
  const storing = useRef<string | null>(null)
  const store = async (as: string) => {
    if (as === storing.current) return
    storing.current = as
    const stored = as === value || (await change(as))
    storing.current = null
    // Unless the user has typed on.
    if (stored) setTyped((now) => (now === typed ? null : now))
  }
  return {
    text: typed ?? value,
    type: setTyped,
    store: (as) => {
      if (typed !== null) void store(as ?? typed)
    },
  }
}
