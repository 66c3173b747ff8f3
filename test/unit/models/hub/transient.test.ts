import { describe, expect, it } from 'vitest'
import { TransferMeter } from '../../../../src/engine/models/hub/transfer-meter.ts'
import { defaultRetryPolicy, parseRetryAfter, Transient, waitBefore, withRetries } from '../../../../src/engine/models/hub/transient.ts'
import type { DownloadProgress } from '../../../../src/shared/download-progress.ts'
import { TarsierError } from '../../../../src/shared/errors.ts'

const failure = new TarsierError('hub-failed', 'No.')

describe('waits between attempts', () => {
  it('double up to 30 seconds, half of each random', () => {
    const waits = [1, 2, 3, 4, 5].map((failed) => waitBefore(failed, new Transient(failure), defaultRetryPolicy, 1))
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000])
    expect(waitBefore(3, new Transient(failure), defaultRetryPolicy, 0)).toBe(1000)
    expect(waitBefore(12, new Transient(failure), { ...defaultRetryPolicy, attempts: 99 }, 1)).toBe(30_000)
  })

  it('end after the last attempt', () => {
    expect(waitBefore(defaultRetryPolicy.attempts, new Transient(failure), defaultRetryPolicy)).toBeNull()
  })

  it('are never shorter than the server requests, and fail if that is long', () => {
    expect(waitBefore(1, new Transient(failure, 7000), defaultRetryPolicy)).toBe(7000)
    expect(waitBefore(1, new Transient(failure, 600_000), defaultRetryPolicy)).toBeNull()
  })

  it('are one at most without a connection', async () => {
    let attempts = 0
    const work = async () => {
      attempts += 1
      throw new Transient(failure, null, true)
    }
    await expect(withRetries(work, { ...defaultRetryPolicy, backoff: 1 }, new AbortController().signal)).rejects.toBe(failure)
    expect(attempts).toBe(2)
  })

  it.each([
    ['5', 5000],
    ['0', 0],
    ['Wed, 25 Nov 2026 10:00:30 GMT', 30_000],
    ['Wed, 25 Nov 2026 09:00:00 GMT', 0],
    ['soon', null],
    ['', null],
    [null, null],
  ])('read Retry-After %j', (text, expected) => {
    expect(parseRetryAfter(text, Date.parse('2026-11-25T10:00:00Z'))).toBe(expected)
  })
})

describe('the speed of a download', () => {
  it('is that of the last seconds, without data from before', () => {
    let now = 0
    const reported: DownloadProgress[] = []
    using meter = new TransferMeter(
      10_000,
      (progress) => reported.push(progress),
      () => now,
    )
    meter.present(4000)
    meter.say('begun')
    expect(reported.at(-1)).toMatchObject({ value: 0.4, bytes: 4000, bytesPerSecond: null, secondsLeft: null })
    now = 1000
    meter.fetched(1000)
    meter.say('on')
    expect(reported.at(-1)).toMatchObject({ value: 0.5, bytesPerSecond: 1000, secondsLeft: 5 })
    for (const at of [4000, 8000, 12_000, 20_000]) {
      now = at
      meter.say('standing still')
    }
    expect(reported.at(-1)).toMatchObject({ bytesPerSecond: null, secondsLeft: null })
  })
})
