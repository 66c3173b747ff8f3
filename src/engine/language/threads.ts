/** Weights (bytes) that one thread passes in about 3 ms: a token of such a model comes sooner than anyone reads, on a busy machine as well. */
const LONE_BYTES = 32e6
/** Bytes of weights times rows that one thread computes in about 10 ms. */
const LONE_WORK = 256e6

/**
 * Threads for a batch of `rows`. llama.cpp's threads wait for one another after every operation by spinning, so that the whole batch stands
 * still whenever one of them is not given a core: beside a program that kept both cores of a machine busy, two threads took 90 ms
 * for a token of a 1 MB model, one took 0.6. Therefore what is little work is left to one.
 * @param weights bytes of the model's weights
 * @param most threads worth using at all
 */
export function threadsFor(weights: number, rows: number, most: number): number {
  const alone = rows === 1 ? weights <= LONE_BYTES : weights * rows <= LONE_WORK
  return alone ? 1 : most
}
