import { Tooltip } from 'radix-ui'
import { type ReactElement, useState } from 'react'

/** Tooltip for a control, shown on hover and on keyboard focus. */
export function Hint({
  text,
  side = 'top',
  children,
}: {
  /** Null for no tooltip. */
  readonly text: string | null
  readonly side?: 'top' | 'right' | 'bottom'
  readonly children: ReactElement
}) {
  const [open, setOpen] = useState(false)
  return (
    <Tooltip.Root open={open && text !== null} onOpenChange={setOpen}>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-w-72 rounded-md bg-text px-2.5 py-1.5 text-[0.8125rem] text-ground shadow-float"
        >
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
