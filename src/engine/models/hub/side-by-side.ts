/**
 * Calls `work` for every item, in order, with up to `abreast` calls in parallel. The first failure aborts the other calls through their
 * signal, and is thrown after they have ended.
 */
export async function sideBySide<T>(
  items: readonly T[],
  abreast: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ended = new AbortController()
  const joint = AbortSignal.any([signal, ended.signal])
  const queue = items.values()
  const failures: unknown[] = []
  const worker = async () => {
    try {
      for (const item of queue) {
        joint.throwIfAborted()
        await work(item, joint)
      }
    } catch (error) {
      failures.push(error)
      ended.abort()
    }
  }
  await Promise.all(Array.from({ length: Math.min(abreast, items.length) }, worker))
  signal.throwIfAborted()
  if (failures.length > 0) throw failures[0]
}
