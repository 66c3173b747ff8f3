import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Llama } from 'node-llama-cpp'
import type { LanguageGpu } from './gpus.ts'

/** `LlamaLogLevel.warn` of the addon. */
const WARNINGS = 3

/**
 * The part of a build's native addon in use. It is node-llama-cpp's own interface and undocumented, so it must be checked, like
 * `llama-header.ts`, with every update of the pinned release.
 */
interface Addon {
  markLoaded(): boolean
  setLogger(logger: (level: number, text: string) => void): void
  setLoggerLogLevel(level: number): void
  /** Loads the back ends in a folder. */
  loadBackends(folder: string): void
  getGpuType(): LanguageGpu | false | undefined
  getGpuDeviceInfo(): { readonly deviceNames: readonly string[] }
  /** Throws if llama.cpp cannot use the GPU. */
  ensureGpuDeviceIsSupported(): void
  getMathCores(): number
  init(): Promise<void>
}

/** What is known of a build that was loaded. */
export interface LoadedAddon {
  readonly gpu: LanguageGpu | false
  readonly mathCores: number
  /** What node-llama-cpp makes its `Llama` of. */
  readonly bindings: unknown
}

/**
 * Loads a build as node-llama-cpp does, but without its trial in another process and without loading node-llama-cpp itself. Throws if the build
 * is not the expected one, or finds no GPU.
 * @param path of `llama-addon.node`
 * @param onLog called with lines of llama.cpp's log, warnings and errors only, after a delay
 */
export async function loadAddon(path: string, gpu: LoadedAddon['gpu'], onLog: (line: string) => void): Promise<LoadedAddon> {
  const addon = createRequire(import.meta.url)(path) as Addon
  addon.markLoaded()
  let pending = ''
  addon.setLogger((_, text) => {
    const lines = (pending + text).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') onLog(line)
  })
  addon.setLoggerLogLevel(WARNINGS)
  addon.loadBackends(dirname(path))
  const found = addon.getGpuType()
  if (found !== gpu) throw new Error(`the build is for "${found}" instead of "${gpu}"`)
  if (gpu !== false && addon.getGpuDeviceInfo().deviceNames.length === 0) throw new Error(`no ${gpu} device was found`)
  addon.ensureGpuDeviceIsSupported()
  await addon.init()
  return { gpu, mathCores: Math.floor(addon.getMathCores()), bindings: addon }
}

/** `Llama._create` of node-llama-cpp, with the options in use. */
type CreateLlama = (options: {
  readonly bindings: unknown
  readonly bindingPath: string
  readonly buildType: 'prebuilt'
  readonly buildMetadata: unknown
  readonly logLevel: string
  readonly logger: (level: string, text: string) => void
  readonly vramPadding: (total: number) => number
  readonly ramPadding: number
  readonly tempDir: false
}) => Promise<Llama>

/** node-llama-cpp's defaults for memory that its estimates leave free. */
const PADDING = { share: 0.08, most: 1.6 * 1024 ** 3 } as const

/** node-llama-cpp's object for a loaded build. */
export async function llamaOf({ bindings }: LoadedAddon, path: string, onLog: (line: string) => void): Promise<Llama> {
  const { Llama: LlamaClass, LlamaLogLevel } = await import('node-llama-cpp')
  const { _create: create } = LlamaClass as unknown as { _create: CreateLlama }
  return await create.call(LlamaClass, {
    bindings,
    bindingPath: path,
    buildType: 'prebuilt',
    buildMetadata: JSON.parse(await readFile(join(dirname(path), '_nlcBuildMetadata.json'), 'utf8')),
    logLevel: LlamaLogLevel.warn,
    logger: (_, text) => onLog(text),
    vramPadding: (total) => Math.floor(Math.min(total * PADDING.share, PADDING.most)),
    ramPadding: 0,
    tempDir: false,
  })
}
