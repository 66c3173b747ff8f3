import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { installedVersion } from '../../platform/installed-version.ts'
import { readJson, writeJson } from '../../platform/json-file.ts'
import { machineFingerprint, stampOf } from '../devices/machine-fingerprint.ts'
import { unpackedFiles } from '../gpu-pack/pack-parts.ts'
import type { LanguageGpu } from './gpus.ts'

const builds = ['cuda', 'vulkan', 'metal'] as const

const buildSchema = z
  .object({
    /** Path of the build's `llama-addon.node`; null if no device was found with it, or if it cannot be loaded. */
    addon: z.string().nullable(),
    /** Size and time of that file. */
    stamp: z.string(),
    /** When it was tried, in milliseconds since 1970. */
    time: z.number(),
  })
  .strict()
const fileSchema = z
  .object({
    version: z.literal(1),
    key: z.string(),
    supported: z.array(z.enum(builds)).nullable(),
    builds: z.partialRecord(z.enum(builds), buildSchema),
  })
  .strict()
type Stored = z.infer<typeof fileSchema>

/** A build that did not work is tried again after this time: its driver may have been busy. */
const RETRY_MS = 24 * 60 * 60 * 1000

/**
 * Which of llama.cpp's builds for GPUs work on this machine, in a file of the data folder. node-llama-cpp tries each build in a process of its own, which
 * takes longer than loading it. Results are valid for the drivers, cards, variables and library of {@link machineFingerprint}, and for the GPU
 * pack; if one of them changes, all builds are tried again. A file that cannot be read or written only means that builds are tried.
 */
export class KeptBuilds {
  readonly #home: string
  readonly #path: string
  #key: Promise<string> | null = null

  constructor(home: string) {
    this.#home = home
    this.#path = join(home, 'cache', 'llama-builds.json')
  }

  /** GPUs that node-llama-cpp has builds and libraries for, best first; null if unknown. */
  async supported(): Promise<readonly LanguageGpu[] | null> {
    return (await this.#read()).supported
  }

  /** The build's addon; null if it does not work here, undefined if that is unknown. */
  async find(build: LanguageGpu): Promise<string | null | undefined> {
    const known = (await this.#read()).builds[build]
    if (known === undefined) return undefined
    if (known.addon === null) return Date.now() - known.time < RETRY_MS ? null : undefined
    return (await stampOf(known.addon)) === known.stamp && known.stamp !== '' ? known.addon : undefined
  }

  async keepSupported(supported: readonly LanguageGpu[]): Promise<void> {
    await this.#change((stored) => ({ ...stored, supported: [...supported] }))
  }

  /** @param addon path of the build's addon */
  async keep(build: LanguageGpu, addon: string): Promise<void> {
    await this.#keep(build, { addon, stamp: await stampOf(addon), time: Date.now() })
  }

  /** Keeps that no device was found with a build, or that it cannot be loaded. */
  async keepUnusable(build: LanguageGpu): Promise<void> {
    await this.#keep(build, { addon: null, stamp: '', time: Date.now() })
  }

  /** Has all builds that did not work tried again. */
  async forgetUnusable(): Promise<void> {
    const { supported, builds: known } = await this.#read()
    const usable = Object.fromEntries(Object.entries(known).filter(([, { addon }]) => addon !== null))
    if (supported === null && Object.keys(usable).length === Object.keys(known).length) return
    await this.#change((stored) => ({ ...stored, supported: null, builds: usable }))
  }

  /** Has a build tried again. */
  async forget(build: LanguageGpu): Promise<void> {
    await this.#change(({ builds: { [build]: _, ...others }, ...stored }) => ({ ...stored, builds: others }))
  }

  async #keep(build: LanguageGpu, tried: z.infer<typeof buildSchema>): Promise<void> {
    await this.#change((stored) => ({ ...stored, builds: { ...stored.builds, [build]: tried } }))
  }

  async #change(change: (stored: Stored) => Stored): Promise<void> {
    await writeJson(this.#path, change(await this.#read())).catch(() => {})
  }

  async #read(): Promise<Stored> {
    const [stored, key] = [await readJson(this.#path, fileSchema), await this.#currentKey()]
    return stored?.key === key ? stored : { version: 1, key, supported: null, builds: {} }
  }

  #currentKey(): Promise<string> {
    this.#key ??= keyOf(this.#home)
    return this.#key
  }
}

async function keyOf(home: string): Promise<string> {
  const library = [
    installedVersion('node-llama-cpp'),
    process.execPath,
    process.versions.modules,
    ...(await unpackedFiles(home)).map(({ integrity }) => integrity),
  ]
  return createHash('sha256')
    .update(JSON.stringify([...library, await machineFingerprint()]))
    .digest('hex')
    .slice(0, 32)
}
