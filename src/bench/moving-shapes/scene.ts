import type { Random } from './random.ts'
import {
  type BackgroundName,
  backgroundNames,
  backgrounds,
  type Canvas,
  type ColorName,
  colorNames,
  colors,
  type MotionName,
  type Rgb,
  type ShapeName,
  shapeNames,
  shapeSymmetry,
} from './world.ts'

/** State of an object at one moment. Lengths are relative to the height of the image, which is `aspect` wide and 1 high. */
export interface State {
  readonly x: number
  readonly y: number
  readonly radius: number
  /** Radians, clockwise. */
  readonly angle: number
  readonly visible: boolean
}

/** One motion of an object, from `from` to `to` (0 to 1 over the clip), with its extent: a displacement, a factor, an angle or a moment. */
export interface Phase {
  readonly motion: MotionName
  readonly from: number
  readonly to: number
  readonly amount: number
}

export interface SceneObject {
  readonly color: ColorName
  readonly rgb: Rgb
  readonly shape: ShapeName
  readonly start: State
  readonly phases: readonly Phase[]
}

export interface Scene {
  readonly aspect: number
  readonly background: BackgroundName
  readonly backgroundRgb: Rgb
  /** Brightness gradient over the background, in levels. */
  readonly gradient: readonly [x: number, y: number]
  readonly texture: readonly Wave[]
  /** Strength of the noise, in levels. */
  readonly noise: number
  /** Picture that is stretched over the background instead of `backgroundRgb`. The background is then called "mixed". */
  readonly backdrop?: Canvas
  /** Ordered from left to right by start position, the order in which descriptions name them. */
  readonly objects: readonly SceneObject[]
}

interface Wave {
  readonly x: number
  readonly y: number
  readonly phase: number
  readonly strength: number
}

export interface SceneOptions {
  readonly aspect: number
  /** Maximum number of consecutive motions of one object, 1 to 4. */
  readonly phases: number
  /** Probability of a single object. Defaults to 0.45. */
  readonly alone?: number
}

/** Minimum initial distance of two objects as a share of the width, so that "from left to right" is unambiguous. */
const APART = 0.22

/** Returns a random scene of one or two objects that never touch each other or leave the image. */
export function randomScene(random: Random, options: SceneOptions): Scene {
  const count = random.chance(options.alone ?? 0.45) ? 1 : 2
  const chosenColors = random.some(colorNames, count)
  const chosenShapes = random.some(shapeNames, count)
  const appearance = randomAppearance(random)
  for (;;) {
    const objects: SceneObject[] = []
    for (let i = 0; i < count; i++) {
      const object = randomObject(random, chosenColors[i] as ColorName, chosenShapes[i] as ShapeName, options, count)
      if (object) objects.push(object)
    }
    objects.sort((a, b) => a.start.x - b.start.x)
    if (objects.length === count && keepApart(objects, options.aspect)) return { aspect: options.aspect, ...appearance, objects }
  }
}

/** Returns a random background and lighting. */
export function randomAppearance(random: Random): Omit<Scene, 'aspect' | 'objects'> {
  const background = random.pick(backgroundNames)
  const slope = random.chance(0.5) ? random.between(0, 14) : 0
  const direction = random.between(0, 2 * Math.PI)
  return {
    background,
    backgroundRgb: jitter(random, backgrounds[background], 10),
    gradient: [slope * Math.cos(direction), slope * Math.sin(direction)],
    texture: random.chance(0.4)
      ? [0, 1].map(() => ({
          x: random.between(-9, 9),
          y: random.between(-9, 9),
          phase: random.between(0, 6.3),
          strength: random.between(1, 6),
        }))
      : [],
    noise: random.chance(0.6) ? random.between(0, 6) : 0,
  }
}

export function jitter(random: Random, [red, green, blue]: Rgb, levels: number): Rgb {
  const moved = (value: number) => Math.min(255, Math.max(0, value + random.between(-levels, levels)))
  return [moved(red), moved(green), moved(blue)]
}

function randomObject(
  random: Random,
  color: ColorName,
  shape: ShapeName,
  { aspect, phases: most }: SceneOptions,
  count: number,
): SceneObject | null {
  const phases = randomPhases(random, shape, most)
  const side = Math.min(aspect, 1)
  const grows = phases.some(({ motion }) => motion === 'grows')
  const shrinks = phases.some(({ motion }) => motion === 'shrinks')
  const [low, high] = grows && !shrinks ? [0.115, 0.15] : shrinks && !grows ? [0.19, 0.24] : [0.14, 0.21]
  const radius = side * random.between(low, high) * (count === 2 && grows && shrinks ? 0.9 : 1)
  const start = {
    x: random.between(radius * 1.15, aspect - radius * 1.15),
    y: random.between(radius * 1.15, 1 - radius * 1.15),
    radius,
    angle: random.between(-0.2, 0.2),
    visible: true,
  }
  const object = {
    color,
    rgb: jitter(random, colors[color], 14),
    shape,
    start,
    phases: phases.map((phase) => withAmount(random, phase, side)),
  }
  return staysInside(object, aspect) ? object : null
}

type Motions = readonly Omit<Phase, 'amount'>[]

/**
 * Returns motions that can be told apart: no repetition, nothing hidden before it appears, no spinning circle. Nothing stays still just after it appears,
 * and nothing that has only stood still disappears: an object that appears or disappears is seen standing still in any case.
 */
function randomPhases(random: Random, shape: ShapeName, most: number): Motions {
  const moves: MotionName[] = ['right', 'left', 'up', 'down', 'grows', 'shrinks', 'still']
  if (shapeSymmetry[shape] > 0) moves.push('spins')
  if (most < 2 || random.chance(0.4)) {
    return [{ motion: random.pick<MotionName>([...moves, 'appears', 'disappears']), from: 0, to: 1 }]
  }
  if (most > 2) return manyPhases(random, moves, random.whole(2, most))
  const first = random.pick<MotionName>([...moves, 'appears'])
  const second = random.pick([...moves, 'disappears' as const].filter((motion) => canFollow(motion, [first])))
  const border = random.between(0.42, 0.58)
  return [
    { motion: first, from: 0, to: border },
    { motion: second, from: border, to: 1 },
  ]
}

function manyPhases(random: Random, moves: readonly MotionName[], count: number): Motions {
  const shares = Array.from({ length: count }, () => random.between(0.7, 1.3))
  const whole = shares.reduce((sum, share) => sum + share, 0)
  const phases: Omit<Phase, 'amount'>[] = []
  let from = 0
  for (const [i, share] of shares.entries()) {
    const before = phases.map(({ motion }) => motion)
    const possible = i === 0 ? [...moves, 'appears' as const] : i === count - 1 ? [...moves, 'disappears' as const] : moves
    const motion = random.pick(possible.filter((name) => canFollow(name, before)))
    const to = i === count - 1 ? 1 : from + share / whole
    phases.push({ motion, from, to })
    from = to
  }
  return phases
}

function canFollow(motion: MotionName, before: readonly MotionName[]): boolean {
  const last = before.at(-1)
  if (motion === last) return false
  if (motion === 'still') return last !== 'appears'
  return !(motion === 'disappears' && last === 'still' && before.length === 1)
}

function withAmount(random: Random, phase: Omit<Phase, 'amount'>, side: number): Phase {
  const part = phase.to - phase.from
  switch (phase.motion) {
    case 'right':
    case 'left':
    case 'up':
    case 'down':
      return { ...phase, amount: side * random.between(0.25, part > 0.7 ? 0.6 : 0.45) }
    case 'grows':
      return { ...phase, amount: random.between(1.6, 2.1) }
    case 'shrinks':
      return { ...phase, amount: random.between(0.42, 0.58) }
    case 'spins':
      return { ...phase, amount: part * random.between(5, 9) * (random.chance(0.5) ? 1 : -1) }
    case 'appears':
    case 'disappears':
      return { ...phase, amount: random.between(0.35, 0.65) }
    case 'still':
      return { ...phase, amount: 0 }
  }
}

/** Returns the state of the object at `time`, from 0 to 1. */
export function stateAt({ start, phases }: SceneObject, time: number): State {
  let { x, y, radius, angle, visible } = start
  for (const { motion, from, to, amount } of phases) {
    const done = Math.min(1, Math.max(0, (time - from) / (to - from)))
    if (motion === 'right') x += amount * done
    else if (motion === 'left') x -= amount * done
    else if (motion === 'down') y += amount * done
    else if (motion === 'up') y -= amount * done
    else if (motion === 'grows' || motion === 'shrinks') radius *= 1 + (amount - 1) * done
    else if (motion === 'spins') angle += amount * done
    else if (motion === 'appears') visible = done >= amount
    else if (motion === 'disappears') visible = visible && done < amount
  }
  return { x, y, radius, angle, visible }
}

const CHECKED_TIMES = Array.from({ length: 9 }, (_, i) => i / 8)
const MANY_CHECKED_TIMES = Array.from({ length: 33 }, (_, i) => i / 32)

function checkedTimes(objects: readonly SceneObject[]): readonly number[] {
  return objects.some(({ phases }) => phases.length > 2) ? MANY_CHECKED_TIMES : CHECKED_TIMES
}

function staysInside(object: SceneObject, aspect: number): boolean {
  return checkedTimes([object]).every((time) => {
    const { x, y, radius } = stateAt(object, time)
    return x > radius && x < aspect - radius && y > radius && y < 1 - radius
  })
}

function keepApart([first, second]: readonly SceneObject[], aspect: number): boolean {
  if (!first || !second) return true
  if (second.start.x - first.start.x < APART * aspect) return false
  return checkedTimes([first, second]).every((time) => {
    const a = stateAt(first, time)
    const b = stateAt(second, time)
    return Math.hypot(a.x - b.x, a.y - b.y) > 1.15 * (a.radius + b.radius)
  })
}
