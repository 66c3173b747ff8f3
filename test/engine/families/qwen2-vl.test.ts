import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { towerForm } from '../../../src/engine/families/families.ts'
import type { Frame } from '../../../src/engine/media/types.ts'
import { openTower } from '../../../src/engine/vision/open-tower.ts'
import { fillPatches, normalisationTable, patchFloats } from '../../../src/engine/vision/patches.ts'
import { rotaryTables } from '../../../src/engine/vision/rotary.ts'
import type { Embedded, Tower } from '../../../src/engine/vision/types.ts'
import { formulaCheckpoint } from '../vision/formula-weights.ts'
import { cosine, relativeError, streamed, type TowerCase, towerCase, towerCases, towerFolder } from '../vision/tower-folder.ts'

const never = new AbortController().signal

async function collect(embedded: AsyncIterable<Embedded>): Promise<Embedded[]> {
  const all: Embedded[] = []
  for await (const one of embedded) all.push(one)
  return all
}

function joined(embedded: readonly Embedded[]): Float32Array {
  return Float32Array.from(embedded.flatMap(({ rows }) => [...rows]))
}

async function embedCase(
  { prefix, tensors, config, frames }: TowerCase,
  precision: 'f32' | 'f16',
  checkpoint: 'F32' | 'BF16' = 'F32',
): Promise<Embedded[]> {
  await using folder = await towerFolder(formulaCheckpoint(prefix, tensors, checkpoint), config, precision)
  await using tower = await openTower(folder.directory, folder.manifest, { form: towerForm(folder.manifest), device: 'cpu', signal: never })
  return await collect(tower.embed(streamed(frames), { frameCount: frames.length, signal: never }))
}

describe.each(towerCases)('the tower of Hugging Face, $name', (fixture) => {
  const { config, frames, patches, cos, sin, embeddings } = fixture
  const { width, height } = frames[0] ?? { width: 0, height: 0 }

  test('patches are equal', () => {
    const filled = new Float32Array(patchFloats(width, height))
    const table = normalisationTable([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
    fillPatches([frames[0] as Frame], { patchSize: 14, mergeSize: 2 }, table, filled, 0)
    expect(filled.subarray(0, patches.length)).toEqual(patches)
  })

  test('rotary tables are equal up to rounding', () => {
    const tables = rotaryTables(height / 14, width / 14, 2, config.embed_dim / config.num_heads)
    expect(relativeError(tables.cos, cos)).toBeLessThan(2e-7)
    expect(relativeError(tables.sin, sin)).toBeLessThan(2e-7)
  })

  test('embeddings are equal in f32, each frame with its own picture, grid and time', async () => {
    const embedded = await embedCase(fixture, 'f32')
    expect(
      embedded.flatMap((slice) => slice.frames.map(({ index, time, picture }) => ({ index, time, grid: slice.grid, rgb: picture.rgb }))),
    ).toEqual(frames.map(({ index, time, rgb }) => ({ index, time, grid: [height / 28, width / 28], rgb })))
    expect(relativeError(joined(embedded), embeddings)).toBeLessThan(1e-5)
  })

  test('embeddings are close in f16', async () => {
    expect(cosine(joined(await embedCase(fixture, 'f16')), embeddings)).toBeGreaterThan(0.99999)
  })
})

test('a bfloat16 checkpoint gives close embeddings', async () => {
  const fixture = towerCase('head32')
  expect(cosine(joined(await embedCase(fixture, 'f32', 'BF16')), fixture.embeddings)).toBeGreaterThan(0.999)
})

describe('an open tower', () => {
  const fixture = towerCase('head16')
  let folder: Awaited<ReturnType<typeof towerFolder>>
  let tower: Tower
  const open = (overlapRuns?: boolean) =>
    openTower(folder.directory, folder.manifest, { form: towerForm(folder.manifest), device: 'cpu', signal: never, overlapRuns })
  beforeAll(async () => {
    folder = await towerFolder(formulaCheckpoint(fixture.prefix, fixture.tensors), fixture.config, 'f32')
    tower = await open()
  })
  afterAll(async () => {
    await tower[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  const [still] = fixture.frames as readonly [Frame]
  /** Pictures that differ in one value, so large that only a few fit into a run. */
  const large = Array.from({ length: 7 }, (_, index) => {
    const side = index === 4 ? 280 : 252
    return { index, time: index, width: side, height: side, rgb: new Uint8Array(side * side * 3).fill(20 + index * 30) }
  })

  test('batches frames, including frames of different sizes, with the results of single runs', async () => {
    const together = await collect(tower.embed(streamed(large), { frameCount: 7, signal: never }))
    const alone: Embedded[] = []
    for (const frame of large) alone.push(...(await collect(tower.embed(streamed([frame]), { frameCount: 7, signal: never }))))
    expect(together.flatMap((slice) => slice.frames.map(({ index }) => index))).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(together.map(({ grid }) => grid)).toEqual(alone.map(({ grid }) => grid))
    for (const [i, { rows }] of together.entries()) expect(relativeError(rows, (alone[i] as Embedded).rows)).toBeLessThan(1e-5)
  })

  test('overlapping runs return the same rows in order', async () => {
    await using overlapping = await open(true)
    const options = { frameCount: 7, signal: never }
    const rows = (all: Embedded[]) => all.map((one) => one.rows)
    expect(rows(await collect(overlapping.embed(streamed(large), options)))).toEqual(
      rows(await collect(tower.embed(streamed(large), options))),
    )
  })

  test('later runs do not overwrite returned rows', async () => {
    const options = { frameCount: 1, signal: never }
    const [first] = (await collect(tower.embed(streamed([still]), options))) as [Embedded]
    const before = first.rows.slice()
    await collect(tower.embed(streamed(fixture.frames.slice(1)), options))
    expect(first.rows).toEqual(before)
  })

  test('returns no rows for no frames', async () => {
    expect(await collect(tower.embed(streamed([]), { frameCount: 1, signal: never }))).toEqual([])
  })

  test('resizes a frame to the size that it announced', async () => {
    const size = tower.frameShape(400, 200, { frameCount: 1, maxPixels: 20_000 })
    const frame = { index: 3, time: 1, width: 400, height: 200, rgb: new Uint8Array(400 * 200 * 3).fill(99) }
    const [embedded] = await collect(tower.embed(streamed([frame]), { frameCount: 1, maxPixels: 20_000, signal: never }))
    expect(embedded).toMatchObject({
      frames: [{ index: 3, time: 1, picture: { width: size.width, height: size.height } }],
      grid: size.grid,
    })
    expect(embedded?.rows.length).toBe(size.grid[0] * size.grid[1] * tower.width)
  })

  test('an abort stops the run and its source, and the tower remains usable', async () => {
    const abort = new AbortController()
    let ended = false
    async function* endless(): AsyncGenerator<Frame> {
      try {
        for (;;) yield still
      } finally {
        ended = true
      }
    }
    const run = async () => {
      for await (const _ of tower.embed(endless(), { frameCount: 1, signal: abort.signal })) abort.abort()
    }
    await expect(run()).rejects.toMatchObject({ name: 'AbortError' })
    expect(ended).toBe(true)
    expect(await collect(tower.embed(streamed([still]), { frameCount: 1, signal: never }))).toHaveLength(1)
  })

  test('does not block the event loop during a run', async () => {
    let turns = 0
    const counting = setInterval(() => turns++, 1)
    const side = 1008
    const frame = { index: 0, time: 0, width: side, height: side, rgb: new Uint8Array(side * side * 3) }
    const folderManifest = { ...folder.manifest, preprocessing: { ...folder.manifest.preprocessing, frameMaxPixels: side * side } }
    await using wide = await openTower(folder.directory, folderManifest, { form: towerForm(folderManifest), device: 'cpu', signal: never })
    turns = 0
    const [embedded] = await collect(wide.embed(streamed([frame]), { frameCount: 1, signal: never }))
    clearInterval(counting)
    expect(embedded?.grid).toEqual([36, 36])
    expect(turns).toBeGreaterThan(5)
  })

  test('a failing source rejects after the rows of its earlier frames', async () => {
    async function* broken(): AsyncGenerator<Frame> {
      yield* large.slice(0, 4)
      throw new Error('cannot be decoded')
    }
    const got: number[] = []
    const run = async () => {
      for await (const slice of tower.embed(broken(), { frameCount: 7, signal: never })) got.push(...slice.frames.map(({ index }) => index))
    }
    await expect(run()).rejects.toThrow('cannot be decoded')
    expect(got.slice(0, 3)).toEqual([0, 1, 2])
  })

  test('rejects calls after closing, and closes twice without an error', async () => {
    const closed = await open()
    await closed[Symbol.asyncDispose]()
    await closed[Symbol.asyncDispose]()
    await expect(collect(closed.embed(streamed([still]), { frameCount: 1, signal: never }))).rejects.toMatchObject({ code: 'internal' })
  })
})
