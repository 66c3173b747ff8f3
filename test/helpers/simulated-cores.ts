import { Random } from '../../src/bench/moving-shapes/random.ts'

/** Milliseconds for which a scheduler leaves a core to one thread while others wait for it. */
const SLICE = [2, 4] as const
/** Milliseconds between two batches. */
const GAP = 0.2
const NOTHING = 1e-9

interface Task {
  /** Processor time so far, with what a sleeping task may catch up. */
  runtime: number
  /** Milliseconds left of the current operation; Infinity for a busy loop. */
  left: number
  running: boolean
}

interface Core {
  until: number
  task: Task | null
}

export interface SimulatedBatch {
  /** Milliseconds that one thread needs for it on an idle machine. */
  readonly work: number
  /** Number of operations; all threads wait, spinning, until all have finished one. */
  readonly operations: number
}

export interface SimulatedTimes {
  readonly elapsed: number
  readonly cpu: number
  readonly finished: boolean
}

/** Cores that a fair scheduler divides among the threads of a batch and other programs that never wait. */
export class SimulatedCores {
  readonly #cores: Core[]
  readonly #random: Random
  #others: Task[] = []
  #now = 0

  constructor(cores: number, seed = 1) {
    this.#cores = Array.from({ length: cores }, () => ({ until: 0, task: null }))
    this.#random = new Random(seed)
  }

  /** Sets the number of other programs. */
  set others(count: number) {
    for (const core of this.#cores) core.task = null
    this.#others = Array.from({ length: count }, () => ({ runtime: 0, left: Number.POSITIVE_INFINITY, running: false }))
  }

  /** Computes a batch; gives it up after `limit` milliseconds. */
  run({ work, operations }: SimulatedBatch, threads: number, limit: number): SimulatedTimes {
    this.#advance([], GAP)
    const least = Math.min(...this.#others.map(({ runtime }) => runtime), Number.POSITIVE_INFINITY)
    const start = Number.isFinite(least) ? least : 0
    const tasks = Array.from({ length: threads }, (): Task => ({ runtime: start, left: 0, running: false }))
    const began = this.#now
    let cpu = 0
    let finished = true
    for (let operation = 0; operation < operations && finished; operation += 1) {
      for (const task of tasks) task.left = (work / operations / threads) * this.#random.between(0.95, 1.05) + 0.002
      while (tasks.some(({ left }) => left > NOTHING)) {
        if (this.#now - began > limit) {
          finished = false
          break
        }
        cpu += this.#advance(tasks, Number.POSITIVE_INFINITY)
      }
    }
    for (const core of this.#cores) if (core.task !== null && tasks.includes(core.task)) core.task = null
    return { elapsed: this.#now - began, cpu, finished }
  }

  /** Advances to the next event, by `most` milliseconds at most; returns the processor time of `tasks`. */
  #advance(tasks: readonly Task[], most: number): number {
    let span = most
    for (const core of this.#cores) {
      if (core.task === null || core.until <= this.#now) this.#schedule(core, tasks)
      if (core.task === null) continue
      span = Math.min(span, core.until - this.#now)
      if (core.task.left > NOTHING) span = Math.min(span, core.task.left)
    }
    let cpu = 0
    for (const { task } of this.#cores) {
      if (task === null) continue
      task.runtime += span
      task.left = Math.max(0, task.left - span)
      if (task.left < Number.POSITIVE_INFINITY) cpu += span
    }
    this.#now += span
    return cpu
  }

  /** Gives a core to the waiting task that had the least processor time, unless its own had less. */
  #schedule(core: Core, tasks: readonly Task[]): void {
    let next = core.task
    for (const list of [tasks, this.#others])
      for (const task of list) if (!task.running && (next === null || task.runtime < next.runtime)) next = task
    if (core.task !== null) core.task.running = false
    if (next !== null) next.running = true
    core.task = next
    core.until = this.#now + this.#random.between(...SLICE)
  }
}
