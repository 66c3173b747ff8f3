import { unlessAborted } from '../../platform/unless-aborted.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { type GuardedDevice, runGuarded } from '../devices/device-guard.ts'
import type { Frame, RgbImage } from '../media/types.ts'
import { FrameBatches, type PreparedSlice } from './frame-batches.ts'
import { fillPatches, normalisationTable, patchFloats } from './patches.ts'
import type { NamedFloats } from './thread-messages.ts'
import { runFailure } from './tower-failures.ts'
import { damaged } from './tower-files.ts'
import { frameShape, type TowerForm } from './tower-form.ts'
import type { TowerSession } from './tower-session.ts'
import { pixelsInput } from './tower-trial.ts'
import type { Embedded, EmbedOptions, FrameLimits, FrameShape, Tower, VisionDevice } from './types.ts'

/**
 * Maximum number of patches per run, over all its slices. On a CPU, small frames are faster in batches (144 patches: 2.0 ms per frame
 * instead of 2.8 in batches of eight), frames of 576 patches are not and only need more memory; on other devices, two frames of Tarsier2's
 * maximum size.
 */
const PATCHES_PER_RUN = { cpu: 1152, other: 4704 } as const

export interface OnnxTowerParts {
  readonly session: TowerSession
  /** Guard of the device; null on the CPU and without a guard. */
  readonly gpu: GuardedDevice | null
  readonly form: TowerForm
  readonly manifest: ModelManifest
  readonly device: VisionDevice
  readonly resultsKey: string
  readonly fallbacks: readonly string[]
  /** Whether the next run may start while the caller processes the rows of the previous one. */
  readonly overlapRuns: boolean
  /** Called before and after each run. */
  readonly beforeRun?: (() => void) | undefined
  readonly afterRun?: (() => void) | undefined
}

/** Runs a tower's graph: resizes frames, splits them into patches, computes a few slices per run, and yields the rows of each slice. */
export class OnnxTower implements Tower {
  readonly width: number
  readonly device: VisionDevice
  readonly resultsKey: string
  readonly fallbacks: readonly string[]
  readonly #session: TowerSession
  readonly #gpu: GuardedDevice | null
  readonly #form: TowerForm
  readonly #table: Float32Array
  readonly #overlapRuns: boolean
  readonly #beforeRun: (() => void) | undefined
  readonly #afterRun: (() => void) | undefined
  /** Buffers of earlier runs, for reuse. */
  readonly #spare: Float32Array<ArrayBuffer>[] = []

  constructor({ session, gpu, form, manifest, device, resultsKey, fallbacks, overlapRuns, beforeRun, afterRun }: OnnxTowerParts) {
    this.#session = session
    this.#gpu = gpu
    this.#form = form
    this.#table = normalisationTable(manifest.preprocessing.mean, manifest.preprocessing.std)
    this.#overlapRuns = overlapRuns
    this.#beforeRun = beforeRun
    this.#afterRun = afterRun
    this.width = manifest.vision.width
    this.device = device
    this.resultsKey = resultsKey
    this.fallbacks = fallbacks
  }

  frameShape(width: number, height: number, limits: FrameLimits): FrameShape {
    return frameShape(this.#form, { width, height }, limits)
  }

  async *embed(frames: AsyncIterable<Frame>, options: EmbedOptions): AsyncGenerator<Embedded> {
    const { signal, onWorked = () => {} } = options
    const { framesPerSlice, patching } = this.#form
    const maxPixels = (this.device === 'cpu' ? PATCHES_PER_RUN.cpu : PATCHES_PER_RUN.other) * patching.patchSize ** 2
    const prepare = (frame: Frame): RgbImage => {
      const began = performance.now()
      const picture = this.#form.prepare(frame, options)
      onWorked(performance.now() - began)
      return picture
    }
    await using batches = new FrameBatches(frames, prepare, { framesPerSlice, maxPixels })
    signal.throwIfAborted()
    let run = this.#start(await batches.next(), options)
    while (run) {
      // Decode the frames of the next run while this one is computed.
      const following = batches.next()
      following.catch(() => {}) // thrown below, after the rows of the current run
      const output = await unlessAborted(run.output, signal)
      const started = this.#overlapRuns ? following.then((batch) => this.#start(batch, options)) : null
      started?.catch(() => {}) // also thrown below
      for (const embedded of this.#split(output, run.batch)) {
        yield embedded
        signal.throwIfAborted()
      }
      run = await (started ?? following.then((batch) => this.#start(batch, options)))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return runGuarded(this.#gpu, 'closing', () => this.#session.close())
  }

  /** Starts the run of a batch; returns null for an empty batch, after the last frame. */
  #start(
    batch: readonly PreparedSlice[],
    { onWorked = () => {} }: EmbedOptions,
  ): { readonly batch: readonly PreparedSlice[]; readonly output: Promise<NamedFloats> } | null {
    if (batch.length === 0) return null
    const began = performance.now()
    const output = this.#run(batch).finally(() => onWorked(performance.now() - began))
    output.catch(() => {}) // avoids an unhandled rejection, because the output is not awaited after an abort
    return { batch, output }
  }

  async #run(batch: readonly PreparedSlice[]): Promise<NamedFloats> {
    const { framesPerSlice, patching } = this.#form
    const { width = 0, height = 0 } = batch[0]?.pictures[0] ?? {}
    const [rows, columns] = [height / patching.patchSize, width / patching.patchSize]
    const perSlice = framesPerSlice * patchFloats(width, height)
    const pixels = this.#memory(perSlice * batch.length)
    for (const [position, { pictures }] of batch.entries()) fillPatches(pictures, patching, this.#table, pixels, position * perSlice)
    const inputs = [pixelsInput(pixels, batch.length, rows * columns), ...this.#form.furtherInputs(rows, columns)]
    const compute = () => this.#session.run(inputs)
    this.#beforeRun?.()
    const { output, inputs: returned } = await runGuarded(this.#gpu, 'answering', compute).catch((error: unknown) => {
      throw runFailure(error, this.device, this.#gpu)
    })
    this.#afterRun?.()
    const [used] = returned
    if (used && this.#spare.length < 2) this.#spare.push(used.data)
    return output
  }

  /** Splits the output of a run into slices, each with its own buffer. */
  #split(output: NamedFloats, batch: readonly PreparedSlice[]): Embedded[] {
    return batch.map(({ frames, pictures }, position) => {
      const { grid, rows } = this.#form.tokens(pictures[0] ?? { width: 0, height: 0 })
      const count = rows * this.width
      if (output.data.length !== count * batch.length)
        throw damaged(`it returned ${output.data.length} values for ${batch.length} slices of frames instead of ${count} each`)
      const values = batch.length === 1 ? output.data : output.data.slice(position * count, (position + 1) * count)
      return { frames, grid, rows: values }
    })
  }

  #memory(length: number): Float32Array<ArrayBuffer> {
    const spare = this.#spare.pop()
    return spare?.length === length ? spare : new Float32Array(length)
  }
}
