/** Everything that can occur in the demo model's clips. The order of names is the order of the training labels. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** An image in memory. */
export interface Canvas {
  readonly width: number
  readonly height: number
  /** `width * height * 3` bytes, row by row. */
  readonly rgb: Uint8Array
}

export const colors = {
  red: [220, 40, 40],
  green: [40, 170, 60],
  blue: [50, 90, 225],
  yellow: [240, 215, 50],
  orange: [245, 140, 30],
  purple: [140, 60, 180],
  pink: [250, 150, 190],
  cyan: [60, 205, 220],
} as const satisfies Record<string, Rgb>
export type ColorName = keyof typeof colors
export const colorNames = Object.keys(colors) as ColorName[]

export const backgrounds = {
  black: [15, 15, 15],
  white: [240, 240, 240],
  gray: [128, 128, 128],
  brown: [100, 65, 40],
  navy: [20, 30, 80],
  beige: [225, 205, 170],
} as const satisfies Record<string, Rgb>
export type BackgroundName = keyof typeof backgrounds
export const backgroundNames = Object.keys(backgrounds) as BackgroundName[]

/**
 * Rotational symmetry of each shape: how many times it looks the same in a full turn (0: it looks the same at every angle, so a spin is not
 * visible).
 */
export const shapeSymmetry = { circle: 0, square: 4, triangle: 3, star: 5, cross: 4 } as const
export type ShapeName = keyof typeof shapeSymmetry
export const shapeNames = Object.keys(shapeSymmetry) as ShapeName[]

export const motionNames = ['right', 'left', 'up', 'down', 'grows', 'shrinks', 'spins', 'still', 'appears', 'disappears'] as const
export type MotionName = (typeof motionNames)[number]

/** Wording of each motion for one object. */
export const motionWords: Readonly<Record<MotionName, string>> = {
  right: 'moves right',
  left: 'moves left',
  up: 'moves up',
  down: 'moves down',
  grows: 'grows',
  shrinks: 'shrinks',
  spins: 'spins',
  still: 'stays still',
  appears: 'appears',
  disappears: 'disappears',
}
