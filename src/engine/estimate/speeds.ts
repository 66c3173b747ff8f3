import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { DeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'

const milliseconds = z.number().positive()
/** Milliseconds for a patch in the tower, for a token or row before the answer, and for a token of it. */
const speedsSchema = z.object({ patch: milliseconds, prefilled: milliseconds, generated: milliseconds }).partial().strict()
const fileSchema = z.object({ version: z.literal(1), models: z.record(z.string(), speedsSchema) }).strict()

export type Speeds = z.infer<typeof speedsSchema>

/** Models and devices remembered; the ones measured longest ago are forgotten. */
const MOST = 64
/** Weight of a new figure beside what was known: one run on a busy machine shall not decide. */
const NEW = 0.5

/** How fast models were here, in a file of the home's cache. One that cannot be read is begun anew. */
export class SpeedBook {
  readonly #path: string

  constructor(home: string) {
    this.#path = join(home, 'cache', 'speeds.json')
  }

  async find(manifest: ModelManifest, device: DeviceChoice): Promise<Speeds> {
    return (await this.#read())[keyOf(manifest, device)] ?? {}
  }

  /** Blends new figures into what is known. A disk that cannot be written to costs an estimate, and nothing else. */
  async learn(manifest: ModelManifest, device: DeviceChoice, seen: Speeds): Promise<void> {
    if (Object.keys(seen).length === 0) return
    const key = keyOf(manifest, device)
    const { [key]: known = {}, ...others } = await this.#read()
    const blend = (old: number | undefined, value: number | undefined) =>
      old === undefined || value === undefined ? (value ?? old) : old * (1 - NEW) + value * NEW
    const blended = speedsSchema.parse({
      patch: blend(known.patch, seen.patch),
      prefilled: blend(known.prefilled, seen.prefilled),
      generated: blend(known.generated, seen.generated),
    })
    const models = Object.fromEntries([...Object.entries(others), [key, blended] as const].slice(-MOST))
    await this.#write({ version: 1, models }).catch(() => {}) // see above
  }

  async #read(): Promise<Record<string, Speeds>> {
    try {
      return fileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8'))).models
    } catch {
      return {} // not there yet, damaged, or of another version: it is measured again
    }
  }

  async #write(content: z.infer<typeof fileSchema>): Promise<void> {
    const aside = `${this.#path}.${randomUUID()}.part`
    await mkdir(dirname(this.#path), { recursive: true })
    try {
      await writeFile(aside, `${JSON.stringify(content, null, 1)}\n`)
      await rename(aside, this.#path)
    } finally {
      await rm(aside, { force: true })
    }
  }
}

/** By the weights, and by the device as it was asked for: on one machine that is always the same one. */
function keyOf({ vision, language }: ModelManifest, device: DeviceChoice): string {
  return `${vision.sha256.slice(0, 16)} ${language.sha256.slice(0, 16)} ${device}`
}
