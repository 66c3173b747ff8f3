/** Running steps that must end soon, in the order in which they started. */
const steps = new Set<Step>()

interface Step {
  readonly what: string
  beats: number
}

/**
 * Runs a step that takes at most seconds on any machine, such as opening a file or decoding one frame. If it does not end within the watchdog's
 * deadline, the watchdog ends this process. Pure computation (a batch of a model, a large image) is not such a step.
 * @param what starts a sentence: "Opening clip.mp4"
 */
export async function bounded<T>(what: string, work: () => Promise<T>): Promise<T> {
  const step: Step = { what, beats: 0 }
  steps.add(step)
  try {
    return await work()
  } finally {
    steps.delete(step)
  }
}

/** The longest running step, and how often this was called since it started. Elapsed time would not work, because a suspended machine has not waited. */
export function longestStep(): Readonly<Step> | null {
  for (const step of steps) step.beats += 1
  const [first] = steps
  return first ?? null
}
