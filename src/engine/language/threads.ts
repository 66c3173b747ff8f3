/**
 * Weights in bytes that one thread processes in about 3 ms: such a model generates tokens faster than anyone reads, even on a busy machine.
 */
const LONE_BYTES = 32e6
const LONE_BYTES_TIME = 3
/** Product of weight bytes and rows that one thread computes in about 10 ms. */
const LONE_WORK = 256e6
const LONE_WORK_TIME = 10

/**
 * Whether one thread is enough for a batch of `rows` however idle the machine is. A batch that must wait for a thread without a core takes many
 * times as long as such a batch: next to a program that used both cores of a machine, two threads took 90 ms for a token of a 1 MB model, one thread 0.6 ms.
 * @param weights size of the model's weights in bytes
 */
export function isLone(weights: number, rows: number): boolean {
  return rows === 1 ? weights <= LONE_BYTES : weights * rows <= LONE_WORK
}

/** Milliseconds, very roughly, that one thread needs for a batch of `rows`. */
export function singleThreadTime(weights: number, rows: number): number {
  return Math.max((LONE_BYTES_TIME * weights) / LONE_BYTES, (LONE_WORK_TIME * weights * rows) / LONE_WORK)
}
