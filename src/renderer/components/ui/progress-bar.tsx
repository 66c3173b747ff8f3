import { Progress } from 'radix-ui'

/** Progress bar. `value` is from 0 to 1; null if unknown. */
export function ProgressBar({ value, label }: { readonly value: number | null; readonly label: string }) {
  return (
    <Progress.Root
      value={value === null ? null : Math.round(value * 100)}
      aria-label={label}
      className="h-1.5 overflow-hidden rounded-full bg-sunk"
    >
      <Progress.Indicator
        className={`h-full rounded-full bg-accent transition-[width] duration-200 ${value === null ? 'breathing w-full' : ''}`}
        style={value === null ? undefined : { width: `${Math.round(value * 100)}%` }}
      />
    </Progress.Root>
  )
}
