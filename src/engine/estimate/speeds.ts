import { join } from 'node:path'
import { z } from 'zod'
import { readJson, writeJson } from '../../platform/json-file.ts'
import type { DeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'

const milliseconds = z.number().positive()
/**
 * Milliseconds per patch in the vision tower, per text or visual token before the answer, and per answer token; to load the model, with what else only its
 * first answer needs; and of a question about a new clip, apart from these.
 */
const modelSchema = z
  .object({ patch: milliseconds, prefilled: milliseconds, generated: milliseconds, load: milliseconds, start: z.number().min(0) })
  .partial()
  .strict()
/** `models` is keyed by model and device. `codecs` is keyed by codec, in milliseconds per million decoded pixels. */
const fileSchema = z
  .object({
    version: z.literal(1),
    models: z.record(z.string(), modelSchema),
    codecs: z.record(z.string(), milliseconds).default({}),
  })
  .strict()
type SpeedFile = z.infer<typeof fileSchema>

export type Speeds = z.infer<typeof modelSchema>

/** Decoding speed of a codec: milliseconds per million pixels. */
export interface DecodingSpeed {
  readonly codec: string
  readonly megapixel: number
}

/** Maximum number of models (per device) and of codecs; the entries measured longest ago are dropped. */
const MAX_ENTRIES = 64
/** Milliseconds to decode a million pixels where nothing was measured yet. */
const TYPICAL_MEGAPIXEL = 10
/** Weight of a new measurement in the mean with the known one, to limit the effect of a single run on a busy machine. */
const NEW_WEIGHT = 0.5

/** Measured speeds of models and decoders on this machine, stored in the home folder's cache. An unreadable file is replaced. */
export class SpeedStore {
  readonly #path: string

  constructor(home: string) {
    this.#path = join(home, 'cache', 'speeds.json')
  }

  async find(manifest: ModelManifest, device: DeviceChoice): Promise<Speeds> {
    return (await this.#read()).models[keyOf(manifest, device)] ?? {}
  }

  /** Milliseconds per million pixels; undefined for a codec that was not measured on this machine. */
  async findDecoding(codec: string): Promise<number | undefined> {
    const { codecs } = await this.#read()
    return Object.hasOwn(codecs, codec) ? codecs[codec] : undefined
  }

  /** As {@link findDecoding}; for another codec the mean of those that were measured, or a typical speed. */
  async expectDecoding(codec: string): Promise<number> {
    const { codecs } = await this.#read()
    const known = Object.hasOwn(codecs, codec) ? [codecs[codec] ?? TYPICAL_MEGAPIXEL] : Object.values(codecs)
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : TYPICAL_MEGAPIXEL
  }

  /** Blends new measurements into the known ones. Write errors are ignored, because only estimates are lost. */
  async record(manifest: ModelManifest, device: DeviceChoice, measured: Speeds, decoding: DecodingSpeed | null = null): Promise<void> {
    if (Object.keys(measured).length === 0 && decoding === null) return
    const { models, codecs } = await this.#read()
    const { [keyOf(manifest, device)]: known = {} } = models
    const blended = modelSchema.parse({
      patch: blend(known.patch, measured.patch),
      prefilled: blend(known.prefilled, measured.prefilled),
      generated: blend(known.generated, measured.generated),
      load: blend(known.load, measured.load),
      start: blend(known.start, measured.start),
    })
    await writeJson(this.#path, {
      version: 1,
      models: newest(models, keyOf(manifest, device), blended),
      codecs: decoding ? newest(codecs, decoding.codec, blend(codecs[decoding.codec], decoding.megapixel)) : codecs,
    } satisfies SpeedFile).catch(() => {}) // see above
  }

  async #read(): Promise<SpeedFile> {
    return (await readJson(this.#path, fileSchema)) ?? { version: 1, models: {}, codecs: {} }
  }
}

function blend(old: number | undefined, value: number): number
function blend(old: number | undefined, value: number | undefined): number | undefined
function blend(old: number | undefined, value: number | undefined): number | undefined {
  return old === undefined || value === undefined ? (value ?? old) : old * (1 - NEW_WEIGHT) + value * NEW_WEIGHT
}

/** Returns the entries with one set and moved to the end; drops the first ones beyond the limit. */
function newest<T>(entries: Readonly<Record<string, T>>, key: string, value: T): Record<string, T> {
  const { [key]: _, ...others } = entries
  return Object.fromEntries([...Object.entries(others), [key, value] as const].slice(-MAX_ENTRIES))
}

/** Key of the weights and the requested device, which always resolves to the same device on one machine. */
function keyOf({ vision, language }: ModelManifest, device: DeviceChoice): string {
  return `${vision.sha256.slice(0, 16)} ${language.sha256.slice(0, 16)} ${device}`
}
