import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { type Plan, ThreadControl } from '../../../src/engine/language/thread-control.ts'
import type { Language } from '../../../src/engine/language/types.ts'
import { loadTiny, never, textPlanes } from './tiny-model.ts'

const WAIT = Number.POSITIVE_INFINITY
const tokens = Array.from({ length: 700 }, (_, i) => (i * 7 + 33) % 256)
const rows = new Float32Array(100 * 64).map((_, i) => Math.sin(i))
let language: Language
beforeAll(async () => {
  language = await loadTiny()
})
afterAll(() => language[Symbol.asyncDispose]())
afterEach(() => vi.restoreAllMocks())

/** Logits after two batches of tokens, after rows, and after a single token; the given plans first, then the last of them again. */
async function logitsWith(...plans: [Plan, ...Plan[]]): Promise<Float32Array[]> {
  let used = 0
  vi.spyOn(ThreadControl.prototype, 'next').mockImplementation(() => plans[Math.min(used++, plans.length - 1)] ?? plans[0])
  await using session = await language.open({ cells: 1024 })
  await session.evaluateTokens(tokens, never)
  const logits = [await session.logits()]
  await session.evaluateRows(rows, textPlanes(700, 100), 800, never)
  logits.push(await session.logits())
  await session.evaluateTokens([70], never)
  return [...logits, await session.logits()]
}

it('gives the same logits with any number of threads', async () => {
  const [one, two, three] = [1, 2, 3].map((threads) => () => logitsWith({ threads, limit: WAIT }))
  const wanted = await one?.()
  expect(await two?.()).toEqual(wanted)
  expect(await three?.()).toEqual(wanted)
})

it('evaluates a batch anew that was given up, with the same logits', async () => {
  const wanted = await logitsWith({ threads: 1, limit: WAIT })
  const add = vi.spyOn(ThreadControl.prototype, 'add')
  const givenUp = { threads: 1, limit: 1 }
  expect(await logitsWith(givenUp, givenUp, { threads: 1, limit: WAIT })).toEqual(wanted)
  const finished = add.mock.calls.map(([step]) => step.finished)
  expect(finished.slice(0, 3)).toEqual([false, false, true])
  expect(finished.filter(Boolean)).toHaveLength(4)
})
