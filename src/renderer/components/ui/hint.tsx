import { Tooltip } from 'radix-ui'
import { type FocusEvent, type ReactElement, useState } from 'react'

/** Below this width the rail is a bar at the bottom, as in `tokens.css`. */
const NARROW = '(width < 56.25rem)'

export type HintSide = 'top' | 'right' | 'bottom' | 'rail'

/** A dialog that was closed with the pointer gives the focus back, which is no reason for a tooltip. */
function keepClosed(event: FocusEvent): void {
  if (!event.currentTarget.matches(':focus-visible')) event.preventDefault()
}

/** Tooltip for a control, shown on hover and on keyboard focus. */
export function Hint({
  text,
  side = 'top',
  children,
}: {
  /** Null for no tooltip. */
  readonly text: string | null
  /** `rail`: beside the rail, where it covers none of its buttons. */
  readonly side?: HintSide
  readonly children: ReactElement
}) {
  const [open, setOpen] = useState(false)
  return (
    <Tooltip.Root open={open && text !== null} onOpenChange={setOpen}>
      <Tooltip.Trigger asChild onFocus={keepClosed}>
        {children}
      </Tooltip.Trigger>
      {/* A list has hundreds of closed ones. In full screen nothing outside of the full-screen element is visible. */}
      {open && text !== null && (
        <Tooltip.Portal container={document.fullscreenElement}>
          <Tooltip.Content
            side={side === 'rail' ? (matchMedia(NARROW).matches ? 'top' : 'right') : side}
            sideOffset={6}
            collisionPadding={8}
            className="z-50 max-w-72 rounded-control bg-text px-2.5 py-1.5 text-control text-ground shadow-float"
          >
            {text}
          </Tooltip.Content>
        </Tooltip.Portal>
      )}
    </Tooltip.Root>
  )
}
