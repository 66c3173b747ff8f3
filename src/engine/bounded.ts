/** Steps under way that have to end soon, in the order in which they began. */
const steps = new Set<Step>()

interface Step {
  readonly what: string
  beats: number
}

/**
 * Does a step that takes no longer than seconds on any machine, such as opening a file or decoding one frame. In a process that serves commands, one
 * that does not end within the watchdog's deadline ends that process. What merely computes (a model's batch, a large picture) is not such a step.
 * @param what begins a sentence: "Opening clip.mp4"
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

/** The step that has lasted longest, and how often this was asked since it began. Times would not do: a machine that slept has not waited. */
export function longestStep(): Readonly<Step> | null {
  for (const step of steps) step.beats += 1
  const [first] = steps
  return first ?? null
}
