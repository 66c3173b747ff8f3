import { expect, it } from 'vitest'
import { unlessAborted } from '../../../src/platform/unless-aborted.ts'

const never = new AbortController().signal
const forever = new Promise<never>(() => {})

it('returns and throws what the work returns and throws', async () => {
  expect(await unlessAborted(Promise.resolve(3), never)).toBe(3)
  await expect(unlessAborted(Promise.reject(new Error('no')), never)).rejects.toThrow('no')
})

it('rejects on an abort, at once or later, though the work continues', async () => {
  await expect(unlessAborted(forever, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  const abort = new AbortController()
  const waiting = unlessAborted(forever, abort.signal)
  abort.abort()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
})

it('ignores a failure of the work after the abort', async () => {
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  let fail = (_: Error) => {}
  const work = new Promise<never>((_, reject) => {
    fail = reject
  })
  await expect(unlessAborted(work, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  fail(new Error('too late'))
  await new Promise((resolve) => setTimeout(resolve, 10))
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
})
