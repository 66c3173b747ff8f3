import { appendFile, mkdtemp, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { towerForm } from '../../../src/engine/families/families.ts'
import { writeQwen2VlTower } from '../../../src/engine/families/qwen2-vl/tower.ts'
import { OnnxGraphWriter } from '../../../src/engine/formats/onnx/onnx-graph.ts'
import { visionDeviceStates } from '../../../src/engine/vision/devices.ts'
import { openTower } from '../../../src/engine/vision/open-tower.ts'
import { checkTowerFiles, type Graph } from '../../../src/engine/vision/tower-files.ts'
import type { ModelManifest, Tarsier2Manifest } from '../../../src/shared/model-manifest.ts'
import { formulaCheckpoint } from './formula-weights.ts'
import { towerCase, towerFolder, visionManifest } from './tower-folder.ts'

const never = new AbortController().signal
const DATA_FILE = 'weights.data'
const ROWS = 256
const values = Float32Array.from({ length: ROWS * 128 }, (_, i) => (i % 251) / 8)

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tarsier-files-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** Writes a graph of one Gemm, whose weight follows another one at an offset in a data file that the graph calls `location`. */
async function writeGraph(location = DATA_FILE): Promise<Tarsier2Manifest['vision']> {
  const graph = new OnnxGraphWriter(directory, { dataFile: DATA_FILE })
  const input = graph.input('x', 'f32', ['n', 128])
  await graph.weight('first', 'f32', [130, 128], pieces(new Float32Array(130 * 128)))
  const weight = await graph.weight('second', 'f32', [ROWS, 128], pieces(values))
  graph.node('Gemm', [input, weight], { attributes: { transB: 1 }, name: 'y' })
  graph.output('y', 'f32', ['n', ROWS])
  expect((await graph.finish('vision.onnx', 'test')).data?.file).toBe(DATA_FILE)
  if (location !== DATA_FILE) {
    // Of the same length, so that the surrounding protobuf remains valid.
    const bytes = await readFile(join(directory, 'vision.onnx'))
    for (let at = bytes.indexOf(DATA_FILE); at >= 0; at = bytes.indexOf(DATA_FILE)) bytes.write(location, at)
    await writeFile(join(directory, 'vision.onnx'), bytes)
  }
  return await visionOf()
}

async function visionOf(): Promise<Tarsier2Manifest['vision']> {
  const [graph, data] = await Promise.all([stat(join(directory, 'vision.onnx')), stat(join(directory, DATA_FILE))])
  const sha256 = '0'.repeat(64)
  const sizes = { width: ROWS, patchSize: 14, mergeSize: 2, temporalPatchSize: 2, headSize: 16 }
  return { file: 'vision.onnx', precision: 'f32', sha256, bytes: graph.size, data: { file: DATA_FILE, sha256, bytes: data.size }, ...sizes }
}

/** Rewrites the graph, as another program might have written it. */
async function changeGraph(change: (graph: Graph) => void): Promise<void> {
  const { ModelProto } = onnxProto.onnx
  const path = join(directory, 'vision.onnx')
  const model = ModelProto.decode(await readFile(path))
  if (!model.graph) throw new Error('the graph has no graph')
  change(model.graph)
  await writeFile(path, ModelProto.encode(model).finish())
}

/** Bytes in pieces that end anywhere. */
function* pieces(floats: Float32Array): Generator<Uint8Array> {
  const bytes = new Uint8Array(floats.buffer)
  for (let at = 0; at < bytes.length; at += 10_001) yield bytes.subarray(at, at + 10_001)
}

describe('weights in a separate file', () => {
  test('are found by ONNX Runtime and pass the check', async () => {
    const { path } = await checkTowerFiles(directory, await writeGraph())
    const session = await InferenceSession.create(path, { logSeverityLevel: 3 })
    const x = new Float32Array(128)
    x[5] = 2
    const { y } = await session.run({ x: new Tensor('float32', x, [1, 128]) })
    await session.release()
    expect(y?.data).toEqual(Float32Array.from({ length: ROWS }, (_, row) => 2 * (values[row * 128 + 5] ?? 0)))
  })

  test.each(['../eights.da', '/etc/hostnam', 'weights.dat/', 'weights.dat\\', 'other_s.data'])('are rejected at %s', async (location) => {
    const vision = await writeGraph(location.padEnd(DATA_FILE.length, 'x').slice(0, DATA_FILE.length))
    await expect(checkTowerFiles(directory, vision)).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringContaining('outside'),
    })
  })

  test('are rejected when the manifest does not list them', async () => {
    const { data: _, ...vision } = await writeGraph()
    await expect(checkTowerFiles(directory, vision)).rejects.toMatchObject({ code: 'model-damaged' })
  })

  test('are rejected when they end before the last tensor, or are longer than declared', async () => {
    const vision = await writeGraph()
    await truncate(join(directory, DATA_FILE), (vision.data?.bytes ?? 0) - 4)
    await expect(checkTowerFiles(directory, vision)).rejects.toThrow(/bytes instead of/)
    await expect(checkTowerFiles(directory, await visionOf())).rejects.toThrow(/beyond the end/)
    await appendFile(join(directory, DATA_FILE), 'more than there was')
    await expect(checkTowerFiles(directory, vision)).rejects.toThrow(/bytes instead of/)
  })

  const twice = ['location', 'offset', 'length'].flatMap((key) => [0, Number.POSITIVE_INFINITY].map((at) => [key, at] as const))
  test.each(twice)('are rejected when the graph has their %s twice, the second at place %d', async (key, at) => {
    await writeGraph()
    await changeGraph((graph) => {
      const entries = graph.initializer?.[1]?.externalData ?? []
      const value = key === 'location' ? '../elsewhere' : '0'
      entries.splice(at, 0, onnxProto.onnx.StringStringEntryProto.fromObject({ key, value }))
    })
    await expect(checkTowerFiles(directory, await visionOf())).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringMatching(/twice/),
    })
  })

  test('are rejected when two tensors have one name', async () => {
    await writeGraph()
    await changeGraph(({ initializer }) => {
      for (const tensor of initializer ?? []) tensor.name = 'first'
    })
    await expect(checkTowerFiles(directory, await visionOf())).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringMatching(/"first" twice/),
    })
  })

  test('are rejected as a link', async () => {
    const vision = await writeGraph()
    await rename(join(directory, DATA_FILE), join(directory, 'elsewhere'))
    await symlink('elsewhere', join(directory, DATA_FILE))
    await expect(checkTowerFiles(directory, vision)).rejects.toThrow(/not a plain file/)
  })

  test('writing rejects a wrong number of pieces', async () => {
    for (const rows of [255, 257]) {
      const inside = new OnnxGraphWriter(directory)
      await expect(inside.weight('w', 'f32', [rows, 128], pieces(values))).rejects.toMatchObject({ code: 'model-damaged' })
      const outside = new OnnxGraphWriter(directory, { dataFile: `${rows}.data` })
      await expect(outside.weight('w', 'f32', [rows, 128], pieces(values))).rejects.toMatchObject({ code: 'model-damaged' })
      await outside.close()
    }
  })
})

describe('a damaged tower', () => {
  const fixture = towerCase('head16')
  const source = formulaCheckpoint(fixture.prefix, fixture.tensors)
  const open = (folder: { directory: string }, manifest: ModelManifest) =>
    openTower(folder.directory, manifest, { form: towerForm(manifest), device: 'cpu', signal: never })

  test.each(['truncated', 'not ONNX', 'missing', 'empty'])('%s', async (how) => {
    await using folder = await towerFolder(source, fixture.config, 'f32')
    const path = join(folder.directory, 'vision.onnx')
    const whole = await readFile(path)
    if (how === 'truncated') await truncate(path, 20_000)
    if (how === 'not ONNX') await writeFile(path, Buffer.alloc(whole.length, 'tarsier '))
    if (how === 'missing') await rm(path)
    if (how === 'empty') await truncate(path, 0)
    const bytes = how === 'missing' ? whole.length : (await stat(path)).size
    await expect(open(folder, visionManifest({ ...folder.manifest.vision, bytes }))).rejects.toMatchObject({ code: 'model-damaged' })
  })

  test('no truncation of the graph causes a crash or a hang', async () => {
    await using folder = await towerFolder(source, fixture.config, 'f32')
    const path = join(folder.directory, 'vision.onnx')
    const whole = await readFile(path)
    for (let length = 1; length < whole.length; length += Math.ceil(whole.length / 60)) {
      await writeFile(path, whole.subarray(0, length))
      await expect(checkTowerFiles(folder.directory, { ...folder.manifest.vision, bytes: length })).rejects.toMatchObject({
        code: 'model-damaged',
      })
    }
  })

  test.each([
    { what: 'width', vision: { width: 25 }, message: /embeddings/ },
    { what: 'head size', vision: { headSize: 32 }, message: /cos/ },
    { what: 'patch', vision: { patchSize: 16 }, message: /pixels/ },
    { what: 'merge', vision: { mergeSize: 4 }, message: /trial|damaged/ },
  ])('another $what than in the manifest', async ({ vision, message }) => {
    await using folder = await towerFolder(source, fixture.config, 'f32')
    const error = await open(folder, visionManifest({ ...folder.manifest.vision, ...vision })).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'model-damaged', message: expect.stringMatching(message) })
  })
})

describe('a checkpoint that does not match config.json', () => {
  const { config, prefix, tensors } = towerCase('head16')
  const write = (changed: Partial<typeof config>, shapes: Record<string, readonly number[]>, signal = never) =>
    writeQwen2VlTower(
      formulaCheckpoint(prefix, shapes),
      { ...config, ...changed },
      { precision: 'f32', directory, fileName: 'v.onnx', signal },
    )

  test('is rejected with a layer more or less, another width, or no tower', async () => {
    await expect(write({ depth: 4 }, tensors)).rejects.toMatchObject({ code: 'model-damaged' })
    await expect(write({ depth: 2 }, tensors)).rejects.toThrow(/more layers/)
    await expect(write({ embed_dim: 64 }, tensors)).rejects.toThrow(/has the shape \[32, 3, 2, 14, 14\], but config\.json requires \[64/)
    await expect(write({}, {})).rejects.toMatchObject({ code: 'model-unsupported' })
  })

  test('an abort stops writing', async () => {
    await expect(write({}, tensors, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
})

test('an unavailable device that is chosen by name is a typed error that names others', async () => {
  const { config, prefix, tensors } = towerCase('head16')
  await using folder = await towerFolder(formulaCheckpoint(prefix, tensors), config, 'f32')
  const unavailable = process.platform === 'win32' ? 'coreml' : 'dml'
  await expect(
    openTower(folder.directory, folder.manifest, { form: towerForm(folder.manifest), device: unavailable, signal: never }),
  ).rejects.toMatchObject({
    code: 'device-unavailable',
    details: { device: unavailable, available: expect.arrayContaining(['cpu']) },
  })
})

test('auto finds a device with right rows, and reports the devices that it skipped', async () => {
  const { config, prefix, tensors } = towerCase('head16')
  await using folder = await towerFolder(formulaCheckpoint(prefix, tensors), config, 'f32')
  await using tower = await openTower(folder.directory, folder.manifest, {
    form: towerForm(folder.manifest),
    device: 'auto',
    signal: never,
  })
  const states = visionDeviceStates()
  const before = states.slice(
    0,
    states.findIndex(({ device }) => device === tower.device),
  )
  expect(tower.fallbacks).toHaveLength(before.filter(({ carried }) => carried).length)
})
