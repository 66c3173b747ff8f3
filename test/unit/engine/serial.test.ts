import { expect, test } from 'vitest'
import { Serial } from '../../../src/engine/serial.ts'

/** Enters, records it, and leaves. */
async function pass(serial: Serial, name: string, order: string[], signal?: AbortSignal): Promise<void> {
  const leave = await serial.enter(signal)
  order.push(name)
  leave()
}

test('admits callers one at a time in order', async () => {
  const serial = new Serial()
  const order: string[] = []
  const leave = await serial.enter()
  const others = ['b', 'c', 'd'].map((name) => pass(serial, name, order))
  await Promise.resolve()
  expect(order).toEqual([])
  leave()
  await Promise.all(others)
  expect(order).toEqual(['b', 'c', 'd'])
})

test('an abort ends the wait while the holder still works, and later callers keep waiting', async () => {
  const serial = new Serial()
  const order: string[] = []
  const leave = await serial.enter()
  const stop = new AbortController()
  const stopped = pass(serial, 'stopped', order, stop.signal)
  const next = pass(serial, 'next', order)
  stop.abort(new Error('no longer wanted'))
  // Without an immediate abort this never settles: the holder leaves only afterwards.
  await expect(stopped).rejects.toThrow('no longer wanted')
  await new Promise((resolve) => setImmediate(resolve))
  expect(order).toEqual([])
  order.push('holder left')
  leave()
  await next
  expect(order).toEqual(['holder left', 'next'])
})

test('a caller with an aborted signal never waits and blocks nobody', async () => {
  const serial = new Serial()
  const leave = await serial.enter()
  await expect(serial.enter(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  leave()
  ;(await serial.enter())()
})

test('admits the next caller after failed work', async () => {
  const serial = new Serial()
  const failing = async () => {
    const leave = await serial.enter()
    try {
      throw new Error('failed')
    } finally {
      leave()
    }
  }
  await expect(failing()).rejects.toThrow('failed')
  ;(await serial.enter())()
})
