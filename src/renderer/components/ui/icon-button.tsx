import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'
import { Hint, type HintSide } from './hint.tsx'

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  readonly icon: LucideIcon
  /** Tooltip and accessible name. */
  readonly label: string
  readonly why?: string | null | undefined
  readonly side?: HintSide
  /** Whether the button stands out, as the main one of its place. */
  readonly filled?: boolean
}

const quietLook = 'text-quiet hover:bg-sunk hover:text-text aria-disabled:opacity-45'
const filledLook =
  'not-aria-disabled:bg-accent not-aria-disabled:text-on-accent not-aria-disabled:hover:bg-accent-strong aria-disabled:text-quiet'

export function IconButton({ icon: Icon, label, why, side = 'top', filled = false, className = '', onClick, ...rest }: IconButtonProps) {
  return (
    <Hint text={why ?? label} side={side}>
      <button
        type="button"
        aria-label={label}
        aria-disabled={why ? true : undefined}
        onClick={why ? undefined : onClick}
        className={`inline-flex size-8 shrink-0 items-center justify-center rounded-control transition-colors aria-disabled:cursor-not-allowed aria-pressed:bg-accent-soft aria-pressed:text-accent ${filled ? filledLook : quietLook} ${className}`}
        {...rest}
      >
        <Icon size={17} aria-hidden="true" />
      </button>
    </Hint>
  )
}
