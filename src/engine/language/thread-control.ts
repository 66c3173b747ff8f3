import { isLone, singleThreadTime } from './threads.ts'

/** One evaluated batch; times in milliseconds. */
export interface Step {
  /** Number of tokens or rows. */
  readonly rows: number
  readonly threads: number
  readonly elapsed: number
  /** Processor time of this process meanwhile, of all its threads. */
  readonly cpu: number
  /** False if the batch was given up at its limit. */
  readonly finished: boolean
}

/** How to evaluate the next batch. */
export interface Plan {
  readonly threads: number
  /** Milliseconds after which the batch should be given up and evaluated anew; Infinity if waiting is better. */
  readonly limit: number
}

/** Cores that a step may lack before other programs count as the cause: waking threads and serial parts cost some, too. */
const SHORTAGE = 0.25
/** A step that takes this multiple of the usual time is too slow; it is given up after that other multiple. */
const SLOW = 2
const GIVEN_UP = 3
/** A trial has failed after this multiple of the usual time. */
const FAILED = 1.5
/** Milliseconds added to limits, because short pauses are usual. */
const PAUSE = 10
/** Batches for which one thread should need more milliseconds are not given up because of a guess. */
const GUESSED = 1000
/** A trial succeeds if it takes less than this part of the usual time. */
const BETTER = 0.95
/** A trial ends after so many steps, or milliseconds. */
const TRIAL_STEPS = 3
const TRIAL_TIME = 100
/** After a trial, the next one waits this multiple of the time that was lost, doubled with each failure. */
const WAIT_FACTOR = 8
const MAX_DOUBLINGS = 4
/** While the threads get their cores, more threads are tried so many times sooner, and even sooner if they did not get them before. */
const SOONER = 4
const MUCH_SOONER = 16
/** Part of the usual time that the newest step makes up. */
const NEWEST = 0.3
/** Milliseconds over which the number of missing cores is averaged. */
const AVERAGED = 50

/**
 * Number of threads for each batch, from the times of those before. Threads of llama.cpp spin until all have finished an operation; if other
 * programs use the cores, one that waits for its core holds up the others, and more threads are slower. When steps lack cores or take a multiple of the usual time,
 * fewer threads are tried; more are tried again now and then, in proportion to what the last trial lost. If all threads have their
 * cores, nothing is tried. The machine is not asked anything: everything follows from the steps.
 */
export class ThreadControl {
  readonly #weights: number
  readonly #most: number
  readonly #kinds = new Map<string, KindControl>()
  /** Whether a batch has been evaluated: the first one waits for the weights to be read from the disk. */
  #warm = false
  #last: KindControl | null = null

  /**
   * @param weights size of the model's weights in bytes
   * @param most maximum number of threads
   */
  constructor(weights: number, most: number) {
    this.#weights = weights
    this.#most = most
  }

  /** Plan of the next batch of `rows`. */
  next(rows: number): Plan {
    if (this.#most === 1 || isLone(this.#weights, rows)) return { threads: 1, limit: Number.POSITIVE_INFINITY }
    return this.#kind(rows).next(effortOf(rows), singleThreadTime(this.#weights, rows))
  }

  add(step: Step): void {
    if (this.#most === 1 || isLone(this.#weights, step.rows)) return
    const kind = this.#kind(step.rows)
    if (this.#warm || !step.finished) kind.add(step)
    this.#warm = true
    this.#last = kind
  }

  /** A new kind begins with the number of threads that another kind had last. */
  #kind(rows: number): KindControl {
    const name = rows === 1 ? 'token' : rows <= 32 ? 'text' : 'rows'
    const kind = this.#kinds.get(name) ?? new KindControl(this.#most, this.#last?.threads ?? this.#most)
    this.#kinds.set(name, kind)
    return kind
  }
}

/** What a batch costs, about in proportion: one of a few rows reads all weights, so that it takes longer per row. */
function effortOf(rows: number): number {
  return rows + 8
}

interface Trial {
  readonly threads: number
  effort: number
  spent: number
  cpu: number
  steps: number
}

/** Batches of similar numbers of rows, whose times are comparable. */
class KindControl {
  readonly #most: number
  #threads: number
  /** Usual milliseconds per unit of effort; null before the first batch. */
  #usual: number | null = null
  /** Mean number of cores that the threads lacked. */
  #lacking = 0
  #trial: Trial | null = null
  /** Milliseconds of steps since the last trial, and those to wait for the next one. */
  #since = 0
  #wait = 0
  #failures = 0
  /** By how many threads to go up. */
  #stride = 1
  /** What became of fewer threads when they were last tried. */
  #fewerWas: 'better' | 'worse' | null = null
  /** Whether the threads lacked cores at any time since the last trial. */
  #wasShort = false

  constructor(most: number, threads: number) {
    this.#most = most
    this.#threads = threads
  }

  get threads(): number {
    return this.#threads
  }

  next(effort: number, alone: number): Plan {
    const threads = this.#trial?.threads ?? this.#threads
    return { threads, limit: threads === 1 ? Number.POSITIVE_INFINITY : this.#limit(threads, effort, alone) }
  }

  #limit(threads: number, effort: number, alone: number): number {
    // Before anything was measured, for machines that are several times slower than expected.
    if (this.#usual === null) return alone < GUESSED ? 5 * (alone + PAUSE) : Number.POSITIVE_INFINITY
    if (threads < this.#threads) return Number.POSITIVE_INFINITY
    return (this.#trial ? FAILED : GIVEN_UP) * this.#usual * effort + 2 * PAUSE
  }

  add(step: Step): void {
    const trial = this.#trial
    if (trial !== null && trial.threads === step.threads) this.#addTrial(trial, step)
    else if (step.threads === this.#threads) this.#addUsual(step)
  }

  #addUsual({ rows, threads, elapsed, cpu, finished }: Step): void {
    const expected = this.#usual === null ? null : this.#usual * effortOf(rows)
    const slow = !finished || (expected !== null && elapsed > SLOW * expected + PAUSE)
    // A batch that was given up would have taken longer still.
    const time = (finished ? elapsed : 2 * elapsed) / effortOf(rows)
    this.#usual = this.#usual === null || slow ? time : this.#usual + NEWEST * (time - this.#usual)
    const part = expected === null ? 1 : Math.min(1, elapsed / AVERAGED)
    this.#lacking += part * (threads - cpu / elapsed - this.#lacking)
    this.#since += elapsed
    if (slow && threads > 1) {
      this.#failures = Math.min(MAX_DOUBLINGS, this.#failures + 1)
      this.#begin(this.#fewer())
    } else this.#consider()
  }

  #consider(): void {
    const short = this.#lacking > SHORTAGE
    this.#wasShort ||= short
    const canFewer = short && this.#threads > 1
    const sooner = short ? 1 : this.#wasShort ? MUCH_SOONER : SOONER
    const downAgain = canFewer && this.#fewerWas === 'better'
    if (!downAgain && this.#since * sooner < this.#wait) return
    const canMore = this.#threads < this.#most
    if (canFewer && !(canMore && this.#fewerWas === 'worse')) this.#begin(this.#fewer())
    else if (canMore) this.#begin(Math.min(this.#most, this.#threads + this.#stride))
  }

  /** As many threads as got a core. */
  #fewer(): number {
    return Math.max(1, Math.min(this.#threads - 1, Math.floor(this.#threads - this.#lacking + SHORTAGE)))
  }

  #begin(threads: number): void {
    this.#trial = { threads, effort: 0, spent: 0, cpu: 0, steps: 0 }
  }

  #addTrial(trial: Trial, step: Step): void {
    trial.effort += effortOf(step.rows)
    trial.spent += step.elapsed
    trial.cpu += step.cpu
    trial.steps += 1
    const usual = (this.#usual ?? 0) * trial.effort
    const failed = !step.finished || trial.spent > FAILED * usual + PAUSE
    if (!failed && trial.steps < TRIAL_STEPS && trial.spent < TRIAL_TIME) return
    this.#trial = null
    if (!failed && trial.spent < BETTER * usual) this.#adopt(trial, usual)
    else this.#reject(trial, step.finished ? trial.spent - usual : trial.spent)
  }

  #adopt({ threads, spent, cpu, effort, steps }: Trial, usual: number): void {
    if (threads > this.#threads) {
      this.#failures = Math.max(0, this.#failures - 1)
      this.#stride *= 2
      this.#fewerWas = null
      this.#pause(0, 0)
    } else {
      this.#stride = this.#threads - threads
      this.#fewerWas = 'better'
      // What one of the slower steps lost, until it was noticed.
      this.#pause((usual - spent) / steps, spent)
    }
    this.#threads = threads
    this.#usual = spent / effort
    this.#lacking = threads - cpu / spent
  }

  #reject({ threads, spent }: Trial, lost: number): void {
    this.#failures = Math.min(MAX_DOUBLINGS, this.#failures + 1)
    if (threads < this.#threads) this.#fewerWas = 'worse'
    else {
      this.#fewerWas = null
      this.#stride = Math.max(1, this.#stride >> 1)
    }
    this.#pause(Math.max(0, lost), spent)
  }

  #pause(lost: number, spent: number): void {
    this.#since = 0
    this.#wasShort = false
    this.#wait = Math.max(WAIT_FACTOR * spent, WAIT_FACTOR * 2 ** this.#failures * lost)
  }
}
