interface SwitchProps {
  readonly id: string
  readonly describedBy: string
  readonly text: string
  readonly value: boolean
  readonly onChange: (value: boolean) => void
}

/** A setting that is on or off. */
export function Switch({ id, describedBy, text, value, onChange }: SwitchProps) {
  return (
    <label className="flex h-8 items-center gap-2 text-control">
      <input
        id={id}
        aria-describedby={describedBy}
        type="checkbox"
        className="size-4 accent-accent"
        checked={value}
        onChange={(event) => onChange(event.target.checked)}
      />
      {text}
    </label>
  )
}
