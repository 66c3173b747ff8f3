import { z } from 'zod'

export interface Bounds {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Position and size of a window, now or when it was closed. If `maximized`, `bounds` are those to restore. */
export interface WindowPlace {
  readonly bounds: Bounds
  readonly maximized: boolean
}

/** Minimum size of the page. */
export const SMALLEST = { width: 480, height: 420 } as const

const USUAL = { width: 1100, height: 760 } as const
/** Minimum visible part of a window with which it can still be dragged. */
const HOLD = { width: 120, height: 40 } as const

const integer = z.int().min(-1e6).max(1e6)
const placeSchema = z.object({
  bounds: z.object({ x: integer, y: integer, width: integer.min(1), height: integer.min(1) }),
  maximized: z.boolean(),
})

/**
 * Returns the position for a new window from the stored one. `areas` are the work areas of the displays, the primary one first. If the
 * display no longer exists or too little of the window would be visible, the window is centred on the primary display.
 */
export function fittingPlace(stored: unknown, areas: readonly [Bounds, ...Bounds[]]): WindowPlace {
  const parsed = placeSchema.safeParse(stored)
  if (!parsed.success) return { bounds: centred(USUAL, areas[0]), maximized: false }
  const { bounds, maximized } = parsed.data
  const area = areas.find((candidate) => canBeDragged(bounds, candidate))
  if (!area) return { bounds: centred(bounds, areas[0]), maximized }
  const size = fitted(bounds, area)
  // After its width was reduced, the window may no longer reach into the area.
  const x = Math.max(bounds.x, area.x + HOLD.width - size.width)
  return { bounds: { ...size, x, y: bounds.y }, maximized }
}

/** Whether enough of the title bar is visible to drag the window. */
function canBeDragged({ x, y, width }: Bounds, area: Bounds): boolean {
  const seen = Math.min(x + width, area.x + area.width) - Math.max(x, area.x)
  return seen >= HOLD.width && y >= area.y && y + HOLD.height <= area.y + area.height
}

function centred(wanted: { readonly width: number; readonly height: number }, area: Bounds): Bounds {
  const { width, height } = fitted(wanted, area)
  return {
    x: area.x + Math.round((area.width - width) / 2),
    y: area.y + Math.round((area.height - height) / 2),
    width,
    height,
  }
}

function fitted({ width, height }: { readonly width: number; readonly height: number }, area: Bounds) {
  return {
    width: Math.min(Math.max(width, SMALLEST.width), area.width),
    height: Math.min(Math.max(height, SMALLEST.height), area.height),
  }
}
