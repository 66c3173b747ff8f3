import type { ComponentProps } from 'react'
import { Hint } from './hint.tsx'

const variants = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong border-transparent',
  plain: 'bg-panel border-line hover:border-edge hover:bg-sunk',
  quiet: 'border-transparent text-quiet hover:text-text hover:bg-sunk',
  danger: 'bg-panel border-line text-danger hover:border-danger hover:bg-danger-soft',
} as const

interface ButtonProps extends ComponentProps<'button'> {
  readonly variant?: keyof typeof variants
  readonly size?: 'small' | 'normal'
  /** Reason why the button is disabled. It stays focusable, so that the reason can be read. */
  readonly why?: string | null | undefined
}

export function Button({ variant = 'plain', size = 'normal', why, className = '', onClick, ...rest }: ButtonProps) {
  const measures = size === 'small' ? 'min-h-7 px-2.5 text-control gap-1.5' : 'min-h-9 px-3.5 gap-2'
  const off = 'disabled:opacity-50 aria-disabled:opacity-55 aria-disabled:cursor-not-allowed disabled:cursor-not-allowed'
  const button = (
    <button
      type="button"
      className={`inline-flex items-center justify-center rounded-control border font-medium whitespace-nowrap transition-colors ${measures} ${variants[variant]} ${off} ${className}`}
      aria-disabled={why ? true : undefined}
      onClick={why ? (event) => event.preventDefault() : onClick}
      {...rest}
    />
  )
  // With `why`, even if null, the wrapper is always rendered, so that the button is not remounted and keeps the focus.
  return why === undefined ? button : <Hint text={why || null}>{button}</Hint>
}
