import { basename, join } from 'node:path'
import type { EngineClient, EngineOptions, ModelInfo, TimeRequest } from '../../engine/engine-client.ts'
import { familyOf } from '../../engine/families/families.ts'
import { startEngineHost } from '../../engine/host/host-client.ts'
import { MediaProcess } from '../../engine/host/media-process.ts'
import { fileStamp } from '../../engine/media/local-file.ts'
import { modelFiles, readManifest } from '../../engine/models/manifest.ts'
import { resolveModel } from '../../engine/models/registry.ts'
import { expectTextModel, rewriterFor, textModelOf } from '../../engine/rewriting/rewriter.ts'
import { textModelHash } from '../../engine/rewriting/text-models.ts'
import { installedVersion } from '../../platform/installed-version.ts'
import type { Answer, FrameUsed } from '../../shared/engine-events.ts'
import { isProcessLost, TarsierError } from '../../shared/errors.ts'
import type { SamplerName } from '../../shared/frame-request.ts'
import { type CaptionShape, isRewriting } from '../../shared/shaping/caption-shape.ts'
import { shapedEvents } from '../../shared/shaping/shaped-answer.ts'
import { dataSetOf } from '../datasets.ts'
import type { ClipFile } from '../locate-videos.ts'
import { checkAnswer, falseCaptionSchema } from '../metrics/check.ts'
import type { Used } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import type { RunSettings } from './run-settings.ts'
import { SampleClips, sharedPixelLimit } from './sample-clips.ts'
import { modelHashes, shapeSettings, type TarsierChoices, tarsierSettings } from './tarsier-settings.ts'

/** Name of the single conversation, whose cached clip is reused for the next question about it. */
const CONVERSATION = 'bench'
/** Number of consecutive engine crashes, each on another sample, after which the run stops. */
const CRASHES_IN_A_ROW = 3

/** What a run needs of an engine. */
export type BenchEngine = Pick<EngineClient, 'load' | 'answer' | 'timeText' | 'write' | 'close'> & AsyncDisposable

export interface TarsierModelOptions extends TarsierChoices {
  /** Starts the engine, and again after a crash. Defaults to a process of its own. */
  readonly start?: () => BenchEngine
  readonly engine: Omit<EngineOptions, 'cache'>
  /** Shape of the answers' texts. Defaults to none. */
  readonly shape?: CaptionShape | null | undefined
  /** Path of the text model for a shape that rewrites; overrides the one that it names. */
  readonly textModel?: string | undefined
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
  #client: BenchEngine
  /** Inspects clips whose frames the annotation chooses. */
  readonly #media = new MediaProcess()
  /** Pixel budget that all frames of a sample share, each counted once; null if frames have a fixed size. */
  readonly #samplePixels: number | null
  /** The clips in the conversation. */
  #held: string | null = null
  /** Samples at which the engine crashed since the last answer. */
  readonly #crashed = new Set<string>()

  private constructor(
    options: TarsierModelOptions,
    client: BenchEngine,
    info: ModelInfo,
    settings: RunSettings,
    files: Readonly<Record<string, string>>,
    marks: FileMarks,
    samplePixels: number | null,
  ) {
    const { frames } = options
    this.settings = settings
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
  }

  /** Loads the model. Throws as loading does, and as {@link expectTextModel} for a shape that rewrites. */
  static async open(options: TarsierModelOptions, signal: AbortSignal): Promise<TarsierModel> {
    const folder = await resolveModel(options.engine.model, options.engine.home)
    const manifest = await readManifest(folder)
    const { shape = null, engine } = options
    const textModel = isRewriting(shape) ? await textModelOf(shape, { home: engine.home, textModel: options.textModel }) : undefined
    const files = modelFiles(manifest).map(({ file }) => join(folder, file))
    const marks = await FileMarks.of(textModel === undefined ? files : [...files, textModel])
    const client = start(options)
    try {
      const info = await client.load(signal)
      if (isRewriting(shape)) await expectTextModel(shape, { home: engine.home, textModel }, info)
      const sha256 = textModel === undefined ? null : await textModelHash(textModel, signal)
      const settings = { ...tarsierSettings(manifest, options), ...shapeSettings(namedShape(options), sha256) }
      return new TarsierModel(options, client, info, settings, modelHashes(manifest), marks, familyOf(manifest).clipPixels(manifest))
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
      const checks = dataSetOf(sample.dataset)?.metric === 'check'
      const { text, shaped, finish, ...seen } = await (checks ? this.#check(sample, files, signal) : this.#ask(sample, files, signal))
      await this.#marks.check()
      this.#crashed.clear()
      return { text, ...(shaped && { shaped }), finish, used: this.#used(seen, (performance.now() - started) / 1000) }
    } catch (error) {
      if (isProcessLost(error)) await this.#startAnew(sample, error)
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#media[Symbol.asyncDispose]()
    await this.#client[Symbol.asyncDispose]()
  }

  /** Scores the sample's true caption and its false one as answers about its clip. */
  async #check(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Seen> {
    const [path] = files
    const told = falseCaptionSchema.safeParse(sample.extraInfo.false_caption)
    if (typeof path !== 'string' || !told.success)
      throw new TarsierError(
        'bench-damaged',
        `The sample "${sample.key}" has no clip or no false caption. Use the annotations of this program.`,
      )
    if (this.#held !== null) await this.#client.close(CONVERSATION)
    this.#held = ''
    const frames: FrameUsed[] = []
    const supportOf = async (turn: TimeRequest['turn'], text: string) => {
      for await (const event of this.#client.timeText(CONVERSATION, { turn, text }, signal)) {
        if (event.kind === 'frame') frames.push(event.frame)
        if (event.kind === 'timed') return event.timed.sentences
      }
      throw new TarsierError('internal', 'The engine returned no support. Please report it.')
    }
    const clip = { path, frames: this.#frames, maxPixels: this.#options.maxPixels }
    const truth = await supportOf({ kind: 'ask', text: sample.prompt, clip, system: this.#options.system }, String(sample.reference))
    const wrong = await supportOf({ kind: 'regenerate' }, told.data.text)
    const device = `language ${this.#facts.languageDevice}`
    return { text: checkAnswer(truth, wrong), finish: 'end', frames, width: null, height: null, device }
  }

  async #ask(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Seen> {
    await using shown = await SampleClips.open(sample, files, this.#frames, (path) => this.#media.use((media) => media.probe(path, signal)))
    const clips = JSON.stringify(shown.clips)
    if (this.#held !== null && this.#held !== clips) await this.#client.close(CONVERSATION)
    this.#held = clips
    const maxPixels = sharedPixelLimit(shown.clips, this.#samplePixels, this.#options.maxPixels)
    const content = shown.content.map((part) => (part.kind === 'clip' ? { ...part, clip: { ...part.clip, maxPixels } } : part))
    const turn = {
      kind: 'chat',
      messages: [{ role: 'user', content }],
      system: this.#options.system,
      answerPrefix: sample.answerPrefix,
      sampling: this.#options.sampling,
    } as const
    try {
      const events = this.#client.answer(CONVERSATION, turn, signal)
      const { shape = null, textModel, engine } = this.#options
      const context = { engine: this.#client, home: engine.home, textModel, conversation: CONVERSATION, signal }
      const rewriter = rewriterFor({ ...context, turn: { kind: 'regenerate' } })
      for await (const event of shapedEvents(events, shape, rewriter)) if (event.kind === 'done') return seenIn(event.answer)
    } finally {
      // The next sample has other paths, and these have been removed by then.
      if (shown.temporary) {
        this.#held = null
        await this.#client.close(CONVERSATION)
      }
    }
    throw new TarsierError('internal', 'The engine returned no answer. Please report it.')
  }

  /** Starts another process for the next sample, unless several crashed in a row: then the samples are not the cause. */
  async #startAnew({ key }: Sample, crash: TarsierError): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
    this.#client = start(this.#options)
    this.#held = null
    this.#crashed.add(key)
    if (this.#crashed.size < CRASHES_IN_A_ROW) return
    throw new TarsierError(
      'native-library',
      `The engine crashed at ${this.#crashed.size} samples in a row, so the run was stopped: ${crash.message} Run the same command again to resume.`,
      { cause: crash },
    )
  }

  #used({ frames, width, height, device }: Omit<Seen, 'text' | 'finish' | 'shaped'>, seconds: number): Used {
    const { sampling } = this.#options
    return {
      engine: 'tarsier',
      model: this.#facts.name,
      files: { ...this.#files },
      frames: frames.map(({ index, time }) => ({ index, time })),
      width,
      height,
      generation: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
      device,
      seconds,
      versions: { ...this.#versions },
    }
  }
}

/** An answer, and what the model saw for it. */
interface Seen extends Pick<Answered, 'text' | 'shaped' | 'finish'>, Pick<Used, 'width' | 'height' | 'device'> {
  readonly frames: readonly FrameUsed[]
}

function seenIn({ text, shaped, finish, frames, width, height, device: { vision, language } }: Answer): Seen {
  const size = frames.length === 0 ? { width: null, height: null } : { width, height }
  return { text, ...(shaped && { shaped }), finish, frames, ...size, device: `vision ${vision}, language ${language}` }
}

/** The shape with the name of the text model that it is used with. */
function namedShape({ shape = null, textModel }: Pick<TarsierModelOptions, 'shape' | 'textModel'>): CaptionShape | null {
  if (!isRewriting(shape) || textModel === undefined) return shape
  return { ...shape, rewrite: { ...shape.rewrite, model: basename(textModel) } }
}

/** Disables the disk cache: thousands of clips that are used once would only evict one another. */
function start({ engine, start: begin }: TarsierModelOptions): BenchEngine {
  return begin?.() ?? startEngineHost({ ...engine, cache: false })
}

/**
 * Checks that the files of the models have not changed since the run began. If a file is overwritten while a running engine has it mapped, the engine
 * returns garbage without an error.
 */
class FileMarks {
  readonly #stamps: ReadonlyMap<string, string>

  private constructor(stamps: ReadonlyMap<string, string>) {
    this.#stamps = stamps
  }

  static async of(paths: readonly string[]): Promise<FileMarks> {
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
