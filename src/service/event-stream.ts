import { EventQueue } from '../engine/host/event-queue.ts'

/**
 * Runs work that reports its progress to a function: yields what it reports, and returns its result. Leaving the loop aborts the work and waits for
 * its end.
 */
export async function* eventStream<Event, Result>(
  work: (report: (event: Event) => void, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): AsyncGenerator<Event, Result> {
  const left = new AbortController()
  const queue = new EventQueue<Event>()
  const running = work((event) => queue.push({ kind: 'event', event }), AbortSignal.any([signal, left.signal]))
  const ended = running.then(
    () => queue.push({ kind: 'result', value: null }),
    () => queue.push({ kind: 'result', value: null }), // thrown below
  )
  try {
    for (;;) {
      const step = await queue.next()
      if (step.kind !== 'event') return await running
      yield step.event
    }
  } finally {
    left.abort()
    await ended
  }
}
