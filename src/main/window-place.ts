import { z } from 'zod'

export interface Bounds {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Where a window is, or was when it was closed; `maximized` beside the bounds that it goes back to. */
export interface WindowPlace {
  readonly bounds: Bounds
  readonly maximized: boolean
}

/** Smaller than this the page does not go. */
export const SMALLEST = { width: 480, height: 420 } as const

const USUAL = { width: 1100, height: 760 } as const
/** What must be seen of a window to be able to take hold of it. */
const HOLD = { width: 120, height: 40 } as const

const integer = z.int().min(-1e6).max(1e6)
const placeSchema = z.object({
  bounds: z.object({ x: integer, y: integer, width: integer.min(1), height: integer.min(1) }),
  maximized: z.boolean(),
})

/**
 * Where a window is to be opened, from what was kept when it was closed. `areas` are the parts of the displays that windows may take, the
 * main one first. A place on a display that is gone, or one that only a corner of would be seen of, is given up for the middle of the main one.
 */
export function fittingPlace(stored: unknown, areas: readonly [Bounds, ...Bounds[]]): WindowPlace {
  const parsed = placeSchema.safeParse(stored)
  if (!parsed.success) return { bounds: centred(USUAL, areas[0]), maximized: false }
  const { bounds, maximized } = parsed.data
  const area = areas.find((candidate) => canBeDragged(bounds, candidate))
  if (!area) return { bounds: centred(bounds, areas[0]), maximized }
  const size = fitted(bounds, area)
  // Made narrower it may have left the area that it reached into.
  const x = Math.max(bounds.x, area.x + HOLD.width - size.width)
  return { bounds: { ...size, x, y: bounds.y }, maximized }
}

/** By the upper edge, where windows are taken hold of. */
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
