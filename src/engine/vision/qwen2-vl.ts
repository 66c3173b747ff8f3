import { isAbort, TarsierError } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { resizeBicubic } from '../media/resize.ts'
import type { Frame, RgbImage } from '../media/types.ts'
import { openOnDevice, type VisionDeviceChoice } from './devices.ts'
import { FrameBatches, type PreparedFrame } from './frame-batches.ts'
import { type FrameSizeOptions, frameSize, frameSizes } from './frame-size.ts'
import { fillPatches, normalisationTable, patchFloats } from './patches.ts'
import { type RotaryTables, rotaryTables } from './rotary.ts'
import type { NamedFloats } from './thread-messages.ts'
import { physicalCores } from './threads.ts'
import { checkTowerFiles, damaged } from './tower-files.ts'
import { type SessionShapes, TowerSession } from './tower-session.ts'
import type { Embedded, EmbedOptions, Tower, VisionDevice } from './types.ts'

export interface TowerOptions {
  readonly device: VisionDeviceChoice
  readonly signal: AbortSignal
  /** Threads of the CPU device. Defaults to the machine's physical cores. */
  readonly intraOpThreads?: number | undefined
  /**
   * Whether the next run may begin while the caller works on the rows of the last one. Right when tower and language model
   * compute on different devices; on one CPU they would only slow each other. Defaults to true on every device but the CPU.
   */
  readonly overlapRuns?: boolean | undefined
}

/**
 * Patches of all frames of a run. On a CPU small frames gain from company (144 patches: 2.0 ms a frame instead of 2.8, eight at
 * a time), frames of 576 patches do no longer and only need more memory; elsewhere two frames of the full budget.
 */
const PATCHES_PER_RUN = { cpu: 1152, other: 4704 } as const
/** Grid of patches of the trial run. */
const TRIAL_CELLS = 2

/** Opens a Qwen2-VL tower on the first device that passes a trial run. Throws `model-damaged`, `device-unavailable`, `out-of-memory`. */
export async function openQwen2VlTower(modelDirectory: string, manifest: ModelManifest, options: TowerOptions): Promise<Tower> {
  options.signal.throwIfAborted()
  const path = await checkTowerFiles(modelDirectory, manifest.vision)
  const threads = options.intraOpThreads ?? physicalCores()
  const { opened, device, fallbacks } = await openOnDevice(options.device, options.signal, async (device) => {
    try {
      return await openTried(path, device, threads, manifest)
    } catch (error) {
      throw device === 'cpu' ? cpuFailure(error) : error
    }
  })
  return new Qwen2VlTower(opened, manifest, device, fallbacks, options.overlapRuns ?? device !== 'cpu')
}

class Qwen2VlTower implements Tower {
  readonly width: number
  readonly device: VisionDevice
  readonly fallbacks: readonly string[]
  readonly #session: TowerSession
  readonly #manifest: ModelManifest
  readonly #table: Float32Array
  readonly #overlapRuns: boolean
  /** The tables of the last grid, and memory of earlier runs to be used again. */
  #rotary: { readonly key: string; readonly tables: RotaryTables } | null = null
  readonly #spare: Float32Array<ArrayBuffer>[] = []

  constructor(session: TowerSession, manifest: ModelManifest, device: VisionDevice, fallbacks: readonly string[], overlapRuns: boolean) {
    this.#session = session
    this.#manifest = manifest
    this.#table = normalisationTable(manifest.preprocessing.mean, manifest.preprocessing.std)
    this.#overlapRuns = overlapRuns
    this.width = manifest.vision.width
    this.device = device
    this.fallbacks = fallbacks
  }

  frameSize(width: number, height: number, options: { frameCount: number; maxPixels?: number | undefined }) {
    return frameSize(width, height, this.#sizing(options))
  }

  async *embed(frames: AsyncIterable<Frame>, options: EmbedOptions): AsyncGenerator<Embedded> {
    const { signal, onWorked = () => {} } = options
    const { patchSize } = this.#manifest.vision
    const sizing = this.#sizing(options)
    const maxPixels = (this.device === 'cpu' ? PATCHES_PER_RUN.cpu : PATCHES_PER_RUN.other) * patchSize ** 2
    const prepare = (frame: Frame): RgbImage => {
      const began = performance.now()
      const picture = resizeTwice(frame, sizing)
      onWorked(performance.now() - began)
      return picture
    }
    await using batches = new FrameBatches(frames, prepare, maxPixels)
    signal.throwIfAborted()
    let run = this.#start(await batches.next(), onWorked)
    while (run) {
      // Frames of the next run are decoded while this one is computed.
      const following = batches.next()
      following.catch(() => {}) // thrown below, after the rows that came before it
      const output = await unlessAborted(run.output, signal)
      const started = this.#overlapRuns ? following.then((batch) => this.#start(batch, onWorked)) : null
      started?.catch(() => {}) // likewise
      for (const embedded of this.#split(output, run.batch)) {
        yield embedded
        signal.throwIfAborted()
      }
      run = await (started ?? following.then((batch) => this.#start(batch, onWorked)))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#session.close()
  }

  #sizing(options: { frameCount: number; maxPixels?: number | undefined }): FrameSizeOptions {
    const { preprocessing, vision } = this.#manifest
    return { preprocessing, vision, frameCount: options.frameCount, maxPixels: options.maxPixels }
  }

  /** Begins the run of a batch; null after the last one. */
  #start(
    batch: readonly PreparedFrame[],
    onWorked: (milliseconds: number) => void,
  ): { readonly batch: readonly PreparedFrame[]; readonly output: Promise<NamedFloats> } | null {
    if (batch.length === 0) return null
    const began = performance.now()
    const output = this.#run(batch).finally(() => onWorked(performance.now() - began))
    output.catch(() => {}) // for whoever awaits it; after an abort nobody does
    return { batch, output }
  }

  async #run(batch: readonly PreparedFrame[]): Promise<NamedFloats> {
    const { vision } = this.#manifest
    const { width = 0, height = 0 } = batch[0]?.picture ?? {}
    const perFrame = patchFloats(width, height)
    const pixels = this.#memory(perFrame * batch.length)
    for (const [position, { picture }] of batch.entries()) fillPatches(picture, vision, this.#table, pixels, position * perFrame)
    const inputs = towerInputs(pixels, batch.length, this.#tables(height / vision.patchSize, width / vision.patchSize), vision)
    const { output, inputs: returned } = await this.#session.run(inputs).catch((error: unknown) => {
      throw runFailure(error, this.device)
    })
    const [used] = returned
    if (used && this.#spare.length < 2) this.#spare.push(used.data)
    return output
  }

  /** A frame after the other of one run, each with memory of its own. */
  #split(output: NamedFloats, batch: readonly PreparedFrame[]): Embedded[] {
    const { patchSize, mergeSize, width } = this.#manifest.vision
    const cell = patchSize * mergeSize
    return batch.map(({ frame, picture }, position) => {
      const grid = [picture.height / cell, picture.width / cell] as const
      const count = grid[0] * grid[1] * width
      if (output.data.length !== count * batch.length)
        throw damaged(`it gave ${output.data.length} values for ${batch.length} frames instead of ${count} each`)
      const rows = batch.length === 1 ? output.data : output.data.slice(position * count, (position + 1) * count)
      return { ...frame, grid, rows, picture }
    })
  }

  #memory(length: number): Float32Array<ArrayBuffer> {
    const spare = this.#spare.pop()
    return spare?.length === length ? spare : new Float32Array(length)
  }

  #tables(gridHeight: number, gridWidth: number): RotaryTables {
    const key = `${gridHeight}x${gridWidth}`
    if (this.#rotary?.key !== key) {
      const { mergeSize, headSize } = this.#manifest.vision
      this.#rotary = { key, tables: rotaryTables(gridHeight, gridWidth, mergeSize, headSize) }
    }
    // Copies, for inputs move to the tower's thread.
    const { cos, sin } = this.#rotary.tables
    return { cos: cos.slice(), sin: sin.slice() }
  }
}

/** The run's result, or the abort at once: the thread finishes by itself what it has begun. */
async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([result, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function resizeTwice(frame: Frame, sizing: FrameSizeOptions): RgbImage {
  let image: RgbImage = { width: frame.width, height: frame.height, rgb: frame.rgb }
  for (const { width, height } of frameSizes(frame.width, frame.height, sizing)) {
    if (width !== image.width || height !== image.height) image = resizeBicubic(image, width, height)
  }
  return image
}

function towerInputs(
  pixels: Float32Array<ArrayBuffer>,
  frames: number,
  { cos, sin }: RotaryTables,
  vision: ModelManifest['vision'],
): NamedFloats[] {
  const half = vision.headSize / 2
  const patches = cos.length / half
  return [
    { name: 'pixels', dims: [frames, patches, pixels.length / (frames * patches)], data: pixels },
    { name: 'cos', dims: [patches, half], data: cos },
    { name: 'sin', dims: [patches, half], data: sin },
  ]
}

/** A session whose graph has the manifest's shapes and which has computed finite rows of a small picture once. */
async function openTried(path: string, device: VisionDevice, threads: number, { vision }: ModelManifest): Promise<TowerSession> {
  const { session, shapes } = await TowerSession.open(path, device, threads)
  try {
    checkShapes(shapes, vision)
    const side = TRIAL_CELLS * vision.mergeSize
    const pixels = Float32Array.from({ length: patchFloats(side * vision.patchSize, side * vision.patchSize) }, (_, i) => Math.sin(i * i))
    const { output } = await session.run(towerInputs(pixels, 1, rotaryTables(side, side, vision.mergeSize, vision.headSize), vision))
    if (output.data.length !== TRIAL_CELLS ** 2 * vision.width || !output.data.every(Number.isFinite))
      throw new Error('a trial run gave wrong results')
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

function checkShapes({ inputs, outputs }: SessionShapes, vision: ModelManifest['vision']): void {
  const expected = [
    { values: inputs, name: 'pixels', last: 3 * vision.patchSize ** 2, axes: 3 },
    { values: inputs, name: 'cos', last: vision.headSize / 2, axes: 2 },
    { values: inputs, name: 'sin', last: vision.headSize / 2, axes: 2 },
    { values: outputs, name: 'embeddings', last: vision.width, axes: 3 },
  ]
  for (const { values, name, last, axes } of expected) {
    const value = values.find((candidate) => candidate.name === name)
    if (value?.element === 'float32' && value.dims.length === axes && value.dims.at(-1) === last) continue
    throw damaged(
      `its "${name}" is ${value ? `${value.element} [${value.dims.join(', ')}]` : 'missing'} where tarsier-model.json says float32 with ${last} in the last place`,
    )
  }
  if (inputs.length !== 3 || outputs.length !== 1) throw damaged('it has other inputs and outputs than a tower has')
}

function cpuFailure(error: unknown): unknown {
  if (error instanceof TarsierError || isAbort(error)) return error
  return outOfMemory(error) ?? damaged('ONNX Runtime cannot load or run it', error)
}

function runFailure(error: unknown, device: VisionDevice): unknown {
  if (error instanceof TarsierError || isAbort(error)) return error
  const said = error instanceof Error ? error.message : String(error)
  return (
    outOfMemory(error) ??
    new TarsierError('native-library', `ONNX Runtime failed on ${device}: ${said.slice(0, 300)}. Try --device cpu.`, { cause: error })
  )
}

function outOfMemory(error: unknown): TarsierError | null {
  if (!(error instanceof Error) || !/alloc|out of memory|insufficient memory/i.test(error.message)) return null
  return new TarsierError(
    'out-of-memory',
    'There is not enough memory for the vision tower. Close other programs, or use fewer pixels a frame (--max-pixels).',
    { cause: error },
  )
}
