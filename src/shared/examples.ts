/** An included example clip. */
export interface Example {
  /** File name in `resources/examples`. */
  readonly name: string
  /** Content in one sentence. */
  readonly title: string
}

/** All examples in display order. `tools/demo-model/examples.ts` draws them. */
export const examples: readonly [Example, ...Example[]] = [
  { name: 'blue-square-spins.mp4', title: 'A blue square spins.' },
  { name: 'green-triangle-up-yellow-star-down.mp4', title: 'A green triangle moves up while a yellow star moves down.' },
  { name: 'orange-star-shrinks-cyan-circle-still.mp4', title: 'An orange star shrinks beside a cyan circle that stays as it is.' },
  { name: 'pink-square-down-then-disappears.mp4', title: 'A pink square moves down, then disappears.' },
  { name: 'purple-cross-appears-then-left.mp4', title: 'A purple cross appears, then moves to the left.' },
  { name: 'red-circle-right-then-grows.mp4', title: 'A red circle moves to the right, then grows.' },
]
