import { familyOf } from '../../engine/families/families.ts'
import { MediaProcess } from '../../engine/host/media-process.ts'
import { readManifest } from '../../engine/models/manifest.ts'
import { resolveModel } from '../../engine/models/registry.ts'
import { RemoteEngine, type RemoteEngineOptions } from '../../servers/remote-engine.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { SamplerName } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Sample } from '../sample.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import type { RunSettings } from './run-settings.ts'
import { SampleClips, sharedPixelLimit } from './sample-clips.ts'
import { modelHashes, serversSettings, type TarsierChoices } from './tarsier-settings.ts'

export interface ServersModelOptions extends TarsierChoices {
  readonly servers: RemoteEngineOptions
  /** Version of this program. */
  readonly version: string
}

/**
 * An imported model whose answers come from servers, which get the engine's own frames; see {@link RemoteEngine}. One object answers any number of
 * samples at the same time.
 */
export class ServersModel implements ModelUnderTest {
  readonly settings: RunSettings
  /** Number of samples that should be answered at the same time. */
  readonly concurrency: number
  readonly #options: ServersModelOptions
  readonly #manifest: ModelManifest
  readonly #engine: RemoteEngine
  /** Inspects clips whose frames the annotation chooses. */
  readonly #media = new MediaProcess()

  private constructor(options: ServersModelOptions, manifest: ModelManifest, engine: RemoteEngine, concurrency: number) {
    this.#options = options
    this.#manifest = manifest
    this.#engine = engine
    this.concurrency = concurrency
    this.settings = serversSettings(manifest, options.servers.format ?? 'png', options)
  }

  /** Examines the servers. Throws as {@link RemoteEngine.load} does. */
  static async open(options: ServersModelOptions, signal: AbortSignal): Promise<ServersModel> {
    const manifest = await manifestOf(options)
    const { servers } = options
    // A model that is given by the path of its folder has another name on servers.
    const engine = new RemoteEngine({ ...servers, serverModel: servers.serverModel ?? manifest.name })
    try {
      await engine.load(signal)
      return new ServersModel(options, manifest, engine, await engine.concurrency(signal))
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw error
    }
  }

  async answer(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Answered> {
    const started = performance.now()
    const { maxPixels, system, sampling, version } = this.#options
    const wanted = framesOf(this.#options, this.#manifest)
    await using shown = await SampleClips.open(sample, files, wanted, (path) => this.#media.use((media) => media.probe(path, signal)))
    const limit = sharedPixelLimit(shown.clips, familyOf(this.#manifest).clipPixels(this.#manifest), maxPixels)
    const content = shown.content.map((part) => (part.kind === 'clip' ? { ...part, clip: { ...part.clip, maxPixels: limit } } : part))
    const turn = { kind: 'chat', messages: [{ role: 'user', content }], system, answerPrefix: sample.answerPrefix, sampling } as const
    for await (const event of this.#engine.answer('', turn, signal)) {
      if (event.kind !== 'done') continue
      const { text, finish, frames, width, height, device } = event.answer
      return {
        text,
        finish,
        used: {
          engine: 'openai',
          model: this.#manifest.name,
          files: modelHashes(this.#manifest),
          frames: frames.map(({ index, time }) => ({ index, time })),
          width: frames.length === 0 ? null : width,
          height: frames.length === 0 ? null : height,
          generation: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
          device: device.language,
          seconds: (performance.now() - started) / 1000,
          versions: { tarsier: version },
        },
      }
    }
    throw new TarsierError('internal', 'The engine returned no answer. Please report it.')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#media[Symbol.asyncDispose]()
    await this.#engine[Symbol.asyncDispose]()
  }
}

async function manifestOf({ servers }: ServersModelOptions): Promise<ModelManifest> {
  return await readManifest(await resolveModel(servers.model, servers.home))
}

function framesOf({ frames }: ServersModelOptions, { sampler }: ModelManifest): { readonly kind: SamplerName; readonly count: number } {
  return { kind: frames.sampler ?? sampler.kind, count: frames.count ?? sampler.frames }
}
