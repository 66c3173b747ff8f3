/**
 * Weights in bytes that one thread processes in about 3 ms: such a model generates tokens faster than anyone reads, even on a busy machine.
 */
const LONE_BYTES = 32e6
/** Product of weight bytes and rows that one thread computes in about 10 ms. */
const LONE_WORK = 256e6

/**
 * Number of threads for a batch of `rows`. llama.cpp's threads spin after every operation until all have finished, so that the whole batch
 * stalls if one of them does not get a core: next to a program that used both cores of a machine, two threads took 90 ms for a token of a 1
 * MB model, one thread 0.6 ms. Therefore small batches use one thread.
 * @param weights size of the model's weights in bytes
 * @param most maximum number of threads
 */
export function threadsFor(weights: number, rows: number, most: number): number {
  const alone = rows === 1 ? weights <= LONE_BYTES : weights * rows <= LONE_WORK
  return alone ? 1 : most
}
