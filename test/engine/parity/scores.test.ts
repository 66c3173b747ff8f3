import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ClipScorer } from '../../../src/engine/conversation/clip-scorer.ts'
import { Engine } from '../../../src/engine/engine.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { type CheckpointName, checkpointPath, llavaNames, qwen2VlNames } from '../../helpers/checkpoint-folder.ts'
import { expectedOf } from '../../helpers/parity.ts'

/** Transformers' log probabilities (scoring_fixtures.py in tools/reference): each prefix as a clip of so many frames, evaluated by itself. */
const fixtures = new URL('../../fixtures/parity/', import.meta.url)
const { text, models }: { text: string; models: Record<CheckpointName, Scores> } = JSON.parse(
  readFileSync(new URL('scores.json', fixtures), 'utf8'),
)
/** Its values differ by up to 0.004, without a clip and at all positions alike: rounding, not a frame or a position. The others differ by less than 0.001. */
const COARSE = 'grouped-heads-of-32'
const never = new AbortController().signal

interface Scores {
  readonly tokens: readonly number[]
  readonly after: readonly (readonly number[])[]
  readonly without: readonly number[]
}

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-scores-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** Scores the text as the answer to a fixture's question; what the engine scores on the way is copied. */
async function scoresOf(name: CheckpointName): Promise<Scores> {
  await importCheckpoint(checkpointPath(name), { name, language: 'f32', vision: 'f32', home, signal: never })
  const { clip, prompt, frames, sampler } = expectedOf(name).trace
  const after = vi.spyOn(ClipScorer.prototype, 'after')
  const without = vi.spyOn(ClipScorer.prototype, 'withoutClip')
  await using engine = new Engine({ model: name, device: 'cpu', home, cache: false })
  try {
    const path = fileURLToPath(new URL(`clips/${clip}`, fixtures))
    const turn = { kind: 'ask', text: prompt, clip: { path, frames: { kind: sampler, count: frames } } } as const
    for await (const event of engine.timeText('talk', { turn, text }, never)) if (event.kind === 'timed') break
    const values = (spy: typeof after | typeof without) => Promise.all(spy.mock.results.map(async ({ value }) => [...(await value)]))
    return { tokens: [...(after.mock.calls[0]?.[1].tokens ?? [])], after: await values(after), without: (await values(without))[0] ?? [] }
  } finally {
    vi.restoreAllMocks()
  }
}

describe.each([...qwen2VlNames, ...llavaNames])('%s', (name) => {
  it("gives the reference's log probabilities after every frame and without the clip", async () => {
    const expected = models[name]
    const scores = await scoresOf(name)
    expect(scores.tokens).toEqual(expected.tokens)
    expect(scores.after).toHaveLength(expected.after.length)
    const largest = (some: readonly number[], others: readonly number[] = []) =>
      some.reduce((most, value, i) => Math.max(most, Math.abs(value - (others[i] ?? Number.NaN))), 0)
    const differences = [...expected.after.map((values, i) => largest(values, scores.after[i])), largest(expected.without, scores.without)]
    expect(differences.filter((difference) => !(difference < (name === COARSE ? 1e-2 : 1e-3)))).toEqual([])
    // The frames make a difference that is far above what is tolerated.
    if (expected.after.length > 1) expect(largest(expected.after[0] ?? [], expected.after.at(-1))).toBeGreaterThan(0.05)
    expect(largest(expected.without, expected.after.at(-1))).toBeGreaterThan(0.05)
  })
})
