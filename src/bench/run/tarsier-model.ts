import { join } from 'node:path'
import type { EngineClient, EngineOptions, ModelInfo } from '../../engine/engine-client.ts'
import { familyOf } from '../../engine/families/families.ts'
import { startEngineHost } from '../../engine/host/host-client.ts'
import { fileStamp } from '../../engine/media/local-file.ts'
import { modelFiles, readManifest } from '../../engine/models/manifest.ts'
import { resolveModel } from '../../engine/models/registry.ts'
import { installedVersion } from '../../platform/installed-version.ts'
import type { Answer } from '../../shared/engine-events.ts'
import { isProcessLost, TarsierError } from '../../shared/errors.ts'
import type { FrameRequest, SamplerName } from '../../shared/frame-request.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Used } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import { describeSettings } from './describe-settings.ts'
import { MediaProcess } from './media-process.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import type { RunSettings } from './run-settings.ts'
import { type PlannedClip, SampleClips } from './sample-clips.ts'

/** Name of the single conversation, whose cached clip is reused for the next question about it. */
const CONVERSATION = 'bench'
/** Number of consecutive engine crashes, each on another sample, after which the run stops. */
const CRASHES_IN_A_ROW = 3

export interface TarsierModelOptions {
  readonly engine: Omit<EngineOptions, 'cache'>
  readonly frames: { readonly count?: number | undefined; readonly sampler?: SamplerName | undefined }
  readonly maxPixels?: number | undefined
  readonly sampling: Sampling
  /** Version of this program. */
  readonly version: string
}

/** This program's engine in a separate process. If the process crashes, the current sample fails, and the next one gets a new process. */
export class TarsierModel implements ModelUnderTest {
  readonly settings: RunSettings
  readonly #options: TarsierModelOptions
  readonly #files: Readonly<Record<string, string>>
  readonly #marks: FileMarks
  readonly #frames: { readonly kind: SamplerName; readonly count: number }
  readonly #facts: ModelInfo
  readonly #versions: Readonly<Record<string, string>>
  #client: EngineClient
  /** Inspects clips whose frames the annotation chooses. */
  readonly #media = new MediaProcess()
  /** Pixel budget that all frames of a sample share, each counted once; null if frames have a fixed size. */
  readonly #samplePixels: number | null
  /** The clips in the conversation. */
  #held: string | null = null
  #crashes = 0

  private constructor(
    options: TarsierModelOptions,
    client: EngineClient,
    info: ModelInfo,
    files: Readonly<Record<string, string>>,
    marks: FileMarks,
    samplePixels: number | null,
  ) {
    const { frames, maxPixels, sampling } = options
    this.#options = options
    this.#client = client
    this.#facts = info
    this.#files = files
    this.#marks = marks
    this.#samplePixels = samplePixels
    this.#frames = { kind: frames.sampler ?? info.defaults.frames.kind, count: frames.count ?? info.defaults.frames.count }
    this.#versions = {
      tarsier: options.version,
      'node-llama-cpp': installedVersion('node-llama-cpp'),
      'onnxruntime-node': installedVersion('onnxruntime-node'),
      'node-av': installedVersion('node-av'),
    }
    this.settings = {
      engine: 'tarsier',
      model: info.name,
      files: { ...files },
      frames: this.#frames.count,
      sampler: this.#frames.kind,
      'max-pixels': maxPixels ?? null,
      ...describeSettings(sampling),
    }
  }

  /** Loads the model. Throws as loading does. */
  static async open(options: TarsierModelOptions, signal: AbortSignal): Promise<TarsierModel> {
    const folder = await resolveModel(options.engine.model, options.engine.home)
    const manifest = await readManifest(folder)
    const files = modelFiles(manifest)
    const marks = await FileMarks.of(
      folder,
      files.map(({ file }) => file),
    )
    const client = start(options)
    try {
      const info = await client.load(signal)
      const hashes = Object.fromEntries(files.map(({ file, sha256 }) => [file, sha256]))
      return new TarsierModel(options, client, info, hashes, marks, familyOf(manifest).clipPixels(manifest))
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Notes on the model for users, such as that the demo model only knows moving shapes. */
  get summary(): string {
    return this.#facts.summary
  }

  async answer(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Answered> {
    const started = performance.now()
    try {
      const answer = await this.#ask(sample, files, signal)
      await this.#marks.check()
      this.#crashes = 0
      return { text: answer.text, finish: answer.finish, used: this.#used(answer, (performance.now() - started) / 1000) }
    } catch (error) {
      if (isProcessLost(error)) await this.#startAnew(error)
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#media[Symbol.asyncDispose]()
    await this.#client[Symbol.asyncDispose]()
  }

  async #ask(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Answer> {
    await using shown = await SampleClips.open(sample, files, this.#frames, (path) => this.#media.use((media) => media.probe(path, signal)))
    const clips = JSON.stringify(shown.clips)
    if (this.#held !== null && this.#held !== clips) await this.#client.close(CONVERSATION)
    this.#held = clips
    const maxPixels = this.#pixelLimit(shown.clips)
    const content = shown.content.map((part) => (part.kind === 'clip' ? { ...part, clip: { ...part.clip, maxPixels } } : part))
    const turn = {
      kind: 'chat',
      messages: [{ role: 'user', content }],
      answerPrefix: sample.answerPrefix,
      sampling: this.#options.sampling,
    } as const
    try {
      for await (const event of this.#client.answer(CONVERSATION, turn, signal)) if (event.kind === 'done') return event.answer
    } finally {
      // The next sample has other paths, and these have been removed by then.
      if (shown.temporary) {
        this.#held = null
        await this.#client.close(CONVERSATION)
      }
    }
    throw new TarsierError('internal', 'The engine returned no answer. Please report it.')
  }

  /** The engine gives each clip the pixel budget of a whole sample, while upstream shares it among all clips of a sample. */
  #pixelLimit(clips: readonly PlannedClip[]): number | undefined {
    const { maxPixels } = this.#options
    if (clips.length < 2 || this.#samplePixels === null) return maxPixels
    const frames = clips.reduce((sum, { frames }) => sum + ('count' in frames ? frames.count : framesNamed(frames)), 0)
    return Math.min(maxPixels ?? Number.POSITIVE_INFINITY, Math.max(1, Math.floor(this.#samplePixels / frames)))
  }

  /** Starts another process for the next sample, unless several crashed in a row: then the samples are not the cause. */
  async #startAnew(crash: TarsierError): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
    this.#client = start(this.#options)
    this.#held = null
    this.#crashes += 1
    if (this.#crashes < CRASHES_IN_A_ROW) return
    throw new TarsierError(
      'native-library',
      `The engine crashed at ${this.#crashes} samples in a row, so the run was stopped: ${crash.message} Run the same command again to resume.`,
      { cause: crash },
    )
  }

  #used(answer: Answer, seconds: number): Used {
    const { sampling } = this.#options
    return {
      engine: 'tarsier',
      model: this.#facts.name,
      files: { ...this.#files },
      frames: answer.frames.map(({ index, time }) => ({ index, time })),
      width: answer.frames.length === 0 ? null : answer.width,
      height: answer.frames.length === 0 ? null : answer.height,
      generation: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
      device: `vision ${answer.device.vision}, language ${answer.device.language}`,
      seconds,
      versions: { ...this.#versions },
    }
  }
}

function framesNamed(frames: Extract<FrameRequest, { kind: 'indices' | 'times' }>): number {
  return frames.kind === 'indices' ? frames.indices.length : frames.times.length
}

/** Disables the disk cache: thousands of clips that are used once would only evict one another. */
function start({ engine }: TarsierModelOptions): EngineClient {
  return startEngineHost({ ...engine, cache: false })
}

/**
 * Checks that a model's files have not changed since the run began. If a file is overwritten while a running engine has it mapped, the engine
 * returns garbage without an error.
 */
class FileMarks {
  readonly #stamps: ReadonlyMap<string, string>

  private constructor(stamps: ReadonlyMap<string, string>) {
    this.#stamps = stamps
  }

  static async of(folder: string, files: readonly string[]): Promise<FileMarks> {
    const paths = files.map((file) => join(folder, file))
    return new FileMarks(new Map(await Promise.all(paths.map(async (path) => [path, await fileStamp(path)] as const))))
  }

  /** Throws `model-damaged` if a file has changed. */
  async check(): Promise<void> {
    for (const [path, stamp] of this.#stamps)
      if ((await fileStamp(path)) !== stamp)
        throw new TarsierError(
          'model-damaged',
          `${path} was changed or deleted while the model was in use, so its answers are invalid. Run the same command again to resume.`,
        )
  }
}
