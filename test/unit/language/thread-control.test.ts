import { describe, expect, it } from 'vitest'
import { ThreadControl } from '../../../src/engine/language/thread-control.ts'
import { SimulatedCores } from '../../helpers/simulated-cores.ts'

/** Batches as models of these sizes compute them: bytes of weights, rows, and the simulated work. */
const batches = {
  'a token of 126 MB': { weights: 126e6, rows: 1, work: 20, operations: 40 },
  'a token of a model of 7 billion': { weights: 8e9, rows: 1, work: 400, operations: 60 },
  'a frame of 126 MB': { weights: 126e6, rows: 256, work: 400, operations: 30 },
  'a frame of a model of 2 billion': { weights: 2e9, rows: 512, work: 2000, operations: 60 },
} as const
type BatchName = keyof typeof batches
const names = Object.keys(batches) as BatchName[]

interface Course {
  readonly cores: number
  /** Numbers of other programs, one after another. */
  readonly others: readonly number[]
  readonly batch: BatchName
  /** Batches while each of these numbers of programs runs. */
  readonly count: number
  readonly seed?: number
}

/** Milliseconds while each number of other programs ran. */
function times({ cores, others, batch, count, seed = 1 }: Course, fixed?: number): number[] {
  const machine = new SimulatedCores(cores, seed)
  const control = new ThreadControl(batches[batch].weights, cores)
  const { rows } = batches[batch]
  return others.map((programs) => {
    machine.others = programs
    let total = 0
    for (let done = 0; done < count; ) {
      const { threads, limit } = fixed === undefined ? control.next(rows) : { threads: fixed, limit: Number.POSITIVE_INFINITY }
      const ran = machine.run(batches[batch], threads, limit)
      control.add({ rows, threads, ...ran })
      total += ran.elapsed
      if (ran.finished) done += 1
    }
    return total
  })
}

/** Speed of the control as a part of the better of one thread and all threads, while each number of other programs ran. */
function speeds(course: Course): number[] {
  const [one, all, controlled] = [times(course, 1), times(course, course.cores), times(course)]
  return controlled.map((time, phase) => Math.min(one[phase] ?? 0, all[phase] ?? 0) / time)
}

describe('ThreadControl', () => {
  it.each([
    ['a token of the demo model', 3e6, 1, 1],
    ['a frame of the demo model', 3e6, 25, 1],
    ['a full batch of the demo model', 3e6, 512, 8],
    ['a token of a model of 120 million parameters', 126e6, 1, 8],
    ['a question to that model', 126e6, 20, 8],
    ['a token of a model of 7 billion', 8e9, 1, 8],
  ])('begins %s with its threads', (_, weights, rows, threads) => {
    expect(new ThreadControl(weights, 8).next(rows).threads).toBe(threads)
  })

  it('never exceeds the available threads, and never gives up one thread', () => {
    const control = new ThreadControl(8e9, 1)
    expect(control.next(512)).toEqual({ threads: 1, limit: Number.POSITIVE_INFINITY })
    control.add({ rows: 512, threads: 1, elapsed: 9e5, cpu: 1e5, finished: true })
    expect(control.next(512)).toEqual({ threads: 1, limit: Number.POSITIVE_INFINITY })
  })

  it.each(names.flatMap((batch) => [2, 8].map((cores) => [batch, cores] as const)))(
    'gives %s all of %i cores on an idle machine',
    (batch, cores) => {
      const [speed] = speeds({ cores, others: [0], batch, count: 40 })
      expect(speed).toBeGreaterThan(0.98)
    },
  )

  it.each(names.flatMap((batch) => [1, 2, 4].map((programs) => [batch, programs] as const)))(
    'is nearly as fast as the better number with %s on two cores beside %i programs',
    (batch, programs) => {
      const seeds = [1, 2].map((seed) => speeds({ cores: 2, others: [programs], batch, count: 40, seed })[0] ?? 0)
      expect(Math.min(...seeds)).toBeGreaterThan(0.8)
    },
  )

  it('leaves cores to other programs where there are many', () => {
    const course: Course = { cores: 8, others: [1], batch: 'a token of a model of 7 billion', count: 60 }
    const seven = times(course, 7)[0] ?? 0
    expect(seven / (times(course)[0] ?? 0)).toBeGreaterThan(0.85)
  })

  // Going up takes a few tenths of a second, so a phase has to be longer than that.
  it.each(names)('follows programs that come and go beside %s', (batch) => {
    for (const cores of [2, 8]) {
      const phases = speeds({ cores, others: [0, cores, 0], batch, count: batch === 'a token of 126 MB' ? 250 : 40 })
      expect(Math.min(...phases)).toBeGreaterThan(0.75)
    }
  })

  it('gives a batch up that takes a multiple of the usual time, and goes on with fewer threads', () => {
    const control = new ThreadControl(126e6, 2)
    const idle = { rows: 1, threads: 2, elapsed: 10, cpu: 20, finished: true }
    for (let i = 0; i < 5; i += 1) control.add(idle)
    const { threads, limit } = control.next(1)
    expect(threads).toBe(2)
    expect(limit).toBeGreaterThan(20)
    expect(limit).toBeLessThan(100)
    control.add({ rows: 1, threads: 2, elapsed: limit, cpu: limit, finished: false })
    expect(control.next(1)).toEqual({ threads: 1, limit: Number.POSITIVE_INFINITY })
  })

  it('is not misled by a pause', () => {
    const control = new ThreadControl(126e6, 2)
    const used: number[] = []
    for (let token = 0; token < 200; token += 1) {
      const { threads } = control.next(1)
      used.push(threads)
      const pause = token % 50 === 20 ? 60 : 0
      const elapsed = (threads === 2 ? 10 : 20) + pause
      control.add({ rows: 1, threads, elapsed, cpu: elapsed * threads - pause, finished: true })
    }
    expect(used.filter((threads) => threads === 2).length).toBeGreaterThan(130)
  })

  it('does not take reading the weights from the disk for other programs', () => {
    const control = new ThreadControl(4e9, 2)
    expect(control.next(512).limit).toBe(Number.POSITIVE_INFINITY)
    control.add({ rows: 512, threads: 2, elapsed: 20_000, cpu: 25_000, finished: true })
    for (let i = 0; i < 10; i += 1) {
      expect(control.next(512).threads).toBe(2)
      control.add({ rows: 512, threads: 2, elapsed: 12_500, cpu: 24_900, finished: true })
    }
  })

  it('begins another kind of batch with the threads of the last one', () => {
    const control = new ThreadControl(126e6, 2)
    for (let i = 0; i < 20; i += 1) {
      const { threads } = control.next(256)
      control.add({ rows: 256, threads, elapsed: threads === 2 ? 3000 : 1500, cpu: 1000, finished: true })
    }
    expect(control.next(256).threads).toBe(1)
    expect(control.next(1).threads).toBe(1)
  })
})
