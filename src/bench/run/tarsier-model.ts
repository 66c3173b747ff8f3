import { installedVersion } from '../../engine/diagnosis.ts'
import { type EngineClient, type EngineOptions, type ModelFacts, userMessage } from '../../engine/engine-client.ts'
import { startEngineHost } from '../../engine/host/host-client.ts'
import { modelFiles, readManifest } from '../../engine/models/manifest.ts'
import { resolveModel } from '../../engine/models/registry.ts'
import type { Answer } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest, SamplerName } from '../../shared/frame-request.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { Used } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import { FileMarks } from './file-marks.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import type { RunSettings } from './run-settings.ts'
import { wordSettings } from './word-settings.ts'

/** The engine's one conversation: what it holds of a clip serves the next question about it. */
const CONVERSATION = 'bench'
/** Engine processes that may die one after the other, each of its own sample, before the run is given up. */
const CRASHES_IN_A_ROW = 3

export interface TarsierModelOptions {
  readonly engine: Omit<EngineOptions, 'cache'>
  readonly frames: { readonly count?: number | undefined; readonly sampler?: SamplerName | undefined }
  readonly maxPixels?: number | undefined
  readonly sampling: Sampling
  /** Of this program. */
  readonly version: string
}

/** Our own engine in a process of its own. When that dies, the sample it was at fails and the next one gets another. */
export class TarsierModel implements ModelUnderTest {
  readonly settings: RunSettings
  readonly #options: TarsierModelOptions
  readonly #files: Readonly<Record<string, string>>
  readonly #marks: FileMarks
  readonly #frames: { readonly kind: SamplerName; readonly count: number }
  readonly #facts: ModelFacts
  readonly #versions: Readonly<Record<string, string>>
  #client: EngineClient
  /** The clip that the conversation holds. */
  #held: string | null = null
  #crashes = 0

  private constructor(
    options: TarsierModelOptions,
    client: EngineClient,
    facts: ModelFacts,
    files: Readonly<Record<string, string>>,
    marks: FileMarks,
  ) {
    const { frames, maxPixels, sampling } = options
    this.#options = options
    this.#client = client
    this.#facts = facts
    this.#files = files
    this.#marks = marks
    this.#frames = { kind: frames.sampler ?? facts.defaults.frames.kind, count: frames.count ?? facts.defaults.frames.count }
    this.#versions = {
      tarsier: options.version,
      'node-llama-cpp': installedVersion('node-llama-cpp'),
      'onnxruntime-node': installedVersion('onnxruntime-node'),
      'node-av': installedVersion('node-av'),
    }
    this.settings = {
      engine: 'tarsier',
      model: facts.name,
      files: { ...files },
      frames: this.#frames.count,
      sampler: this.#frames.kind,
      'max-pixels': maxPixels ?? null,
      ...wordSettings(sampling),
    }
  }

  /** Loads the model. Throws what loading throws. */
  static async open(options: TarsierModelOptions, signal: AbortSignal): Promise<TarsierModel> {
    const folder = await resolveModel(options.engine.model, options.engine.home)
    const files = modelFiles(await readManifest(folder))
    const marks = await FileMarks.of(
      folder,
      files.map(({ file }) => file),
    )
    const client = start(options)
    try {
      const facts = await client.load(signal)
      return new TarsierModel(options, client, facts, Object.fromEntries(files.map(({ file, sha256 }) => [file, sha256])), marks)
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw error
    }
  }

  /** What users should know of the model, such as that the demo knows moving shapes only. */
  get summary(): string {
    return this.#facts.summary
  }

  async answer(sample: Sample, video: string, signal: AbortSignal): Promise<Answered> {
    const started = performance.now()
    try {
      const answer = await this.#ask(sample, video, signal)
      await this.#marks.check()
      this.#crashes = 0
      return { text: answer.text, finish: answer.finish, used: this.#used(answer, (performance.now() - started) / 1000) }
    } catch (error) {
      if (error instanceof TarsierError && error.code === 'engine-crashed') await this.#startAnew(error)
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }

  async #ask(sample: Sample, video: string, signal: AbortSignal): Promise<Answer> {
    const frames: FrameRequest = { ...this.#frames, ...(sample.range && { range: sample.range }) }
    const clip = JSON.stringify([video, frames])
    if (this.#held !== null && this.#held !== clip) await this.#client.close(CONVERSATION)
    this.#held = clip
    const turn = {
      kind: 'chat',
      messages: [userMessage(sample.prompt, { path: video, frames, maxPixels: this.#options.maxPixels })],
      begun: sample.begun,
      sampling: this.#options.sampling,
    } as const
    for await (const event of this.#client.answer(CONVERSATION, turn, signal)) if (event.kind === 'done') return event.answer
    throw new TarsierError('internal', 'The engine ended without an answer. Please report it.')
  }

  /** Another process for the next sample, unless they die one after the other: then it is not the samples. */
  async #startAnew(crash: TarsierError): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
    this.#client = start(this.#options)
    this.#held = null
    this.#crashes += 1
    if (this.#crashes < CRASHES_IN_A_ROW) return
    throw new TarsierError(
      'native-library',
      `The engine crashed at ${this.#crashes} samples in a row, so the run was stopped: ${crash.message} What is done stays.`,
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
      width: answer.width,
      height: answer.height,
      generation: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
      device: `vision ${answer.device.vision}, language ${answer.device.language}`,
      seconds,
      versions: { ...this.#versions },
    }
  }
}

/** Without the cache on disk: thousands of clips that are looked at once would only push one another out. */
function start({ engine }: TarsierModelOptions): EngineClient {
  return startEngineHost({ ...engine, cache: false })
}
