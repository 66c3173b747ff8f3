import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'
import { Hint } from './hint.tsx'

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  readonly icon: LucideIcon
  /** Tooltip and accessible name. */
  readonly label: string
  readonly why?: string | null | undefined
  readonly side?: 'top' | 'right' | 'bottom'
}

export function IconButton({ icon: Icon, label, why, side = 'top', className = '', onClick, ...rest }: IconButtonProps) {
  return (
    <Hint text={why ?? label} side={side}>
      <button
        type="button"
        aria-label={label}
        aria-disabled={why ? true : undefined}
        onClick={why ? undefined : onClick}
        className={`inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-quiet transition-colors hover:bg-sunk hover:text-text aria-disabled:cursor-not-allowed aria-disabled:opacity-45 aria-pressed:bg-accent-soft aria-pressed:text-accent ${className}`}
        {...rest}
      >
        <Icon size={17} aria-hidden="true" />
      </button>
    </Hint>
  )
}
