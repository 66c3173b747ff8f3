import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import koffi from 'koffi'
import type { Llama } from 'node-llama-cpp'
import { mayHaveGpu } from '../../platform/gpu-presence.ts'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { type BlockQuantizer, declareBlockQuantizer } from './block-quantizer.ts'
import { type Gpu, type LanguageGpu, listGpus } from './gpus.ts'
import type { KeptBuilds } from './kept-builds.ts'
import { checkLayout } from './layout-check.ts'
import { llamaOf, loadAddon } from './llama-addon.ts'
import { declareLlama, type LlamaApi, type Pointer } from './llama-header.ts'
import { loadedLibraries } from './loaded-libraries.ts'
import { ADDON, packagedCpuAddon } from './packaged-build.ts'
import { declareThreadPools, type ThreadPools } from './thread-pool.ts'

/**
 * The libllama that node-llama-cpp loaded, with its backends registered and its functions declared. It stays loaded until the process
 * exits.
 */
export interface LlamaLibrary {
  /** node-llama-cpp's object for this build, for what llama.cpp's C interface does not have. Loads node-llama-cpp, which takes a third of a second. */
  llama(): Promise<Llama>
  /** GPU of the loaded build; false for the CPU. */
  readonly build: LanguageGpu | false
  readonly api: LlamaApi
  /** Whether layers may be placed on a GPU. A build with GPU support may still be used for the CPU: see {@link buildFor}. */
  readonly usesGpu: boolean
  /** GPUs for layers, as llama.cpp would select them; empty if layers may not be placed on a GPU. */
  readonly gpus: readonly Gpu[]
  /** Address of `ggml_is_empty`, see `abort-flag.ts`. */
  readonly isEmpty: Pointer
  /** Number of physical cores to use. */
  readonly threads: number
  readonly pools: ThreadPools | null
  readonly quantizeBlocks: BlockQuantizer
  /** Position in llama.cpp's log, for {@link LlamaLibrary.complaints}. */
  logMark(): number
  /** Error messages in llama.cpp's log since the mark. Asynchronous because log messages arrive with a delay. */
  complaints(since: number): Promise<string[]>
}

const LOG_LINES_KEPT = 200
const opened = new Map<LanguageDeviceChoice, Promise<LlamaLibrary>>()

/**
 * Loads llama.cpp for a device, once. Failures are not cached, so that loading can be retried.
 * Throws `device-unavailable` if an explicitly requested device is not available, `native-library` if no build can be loaded.
 * @param kept which builds for GPUs are known to work. Defaults to none: node-llama-cpp tries a build in another process first
 */
export function openLlamaLibrary(device: LanguageDeviceChoice, kept?: KeptBuilds): Promise<LlamaLibrary> {
  const known = opened.get(device)
  if (known) return known
  const opening = open(device, kept)
  opened.set(device, opening)
  opening.catch(() => opened.delete(device))
  return opening
}

/**
 * GPU devices that llama.cpp may find on this machine, best first, based on what is installed. Loads no drivers.
 * @param kept what was found earlier. Defaults to nothing
 */
export async function gpuDevices(kept?: KeptBuilds): Promise<readonly LanguageGpu[]> {
  if (!mayHaveGpu()) return []
  const known = await kept?.supported()
  if (known) return known
  const { getLlamaGpuTypes } = await import('node-llama-cpp')
  const found = (await getLlamaGpuTypes('supported')).flatMap((type) => (type === false ? [] : [type]))
  await kept?.keepSupported(found)
  return found
}

/** A build that was loaded. */
type LoadedBuild = Pick<LlamaLibrary, 'llama' | 'build'> & {
  readonly mathCores: number
  readonly release: string
  /** Paths of its libraries. */
  readonly libraries: { readonly llama: string; readonly ggml: string }
}

async function open(device: LanguageDeviceChoice, kept: KeptBuilds | undefined): Promise<LlamaLibrary> {
  const log: string[] = []
  let logged = 0
  const keepLog = (line: string) => {
    logged += 1
    log.push(line.trim())
    if (log.length > LOG_LINES_KEPT) log.shift()
  }

  const { llama, build, mathCores, release, libraries } = (await loadDirectly(device, kept, keepLog)) ?? (await load(device, kept, keepLog))
  try {
    const library = koffi.load(libraries.llama)
    const api = declareLlama(library)
    checkLayout(api, release)
    const base = koffi.load(ggmlBase(libraries.llama))
    const registry = koffi.load(libraries.ggml)
    const usesGpu = device !== 'cpu' && build !== false
    return {
      llama,
      build,
      api,
      usesGpu,
      gpus: usesGpu ? listGpus(base, registry) : [],
      isEmpty: base.symbol('ggml_is_empty') as Pointer,
      threads: Math.max(1, Math.min(mathCores, availableParallelism())),
      pools: declareThreadPools(base, registry),
      quantizeBlocks: declareBlockQuantizer(base),
      logMark: () => logged,
      async complaints(since) {
        await setImmediate()
        await setImmediate()
        const fresh = Math.min(logged - since, log.length)
        return fresh > 0 ? log.slice(-fresh) : []
      },
    }
  } catch (error) {
    if (error instanceof TarsierError) throw error
    throw nativeLibrary(error)
  }
}

/**
 * Returns the node-llama-cpp build for a device. Apple silicon has only the Metal build, which is also used for the CPU, without a GPU
 * ({@link LlamaLibrary.usesGpu}).
 */
export function buildFor(
  device: LanguageDeviceChoice,
  system = `${process.platform}-${process.arch}`,
): 'auto' | 'cuda' | 'metal' | 'vulkan' | false {
  if (device !== 'cpu') return device
  return system === 'darwin-arm64' ? 'metal' : false
}

/**
 * Loads the build for the CPU, or one for a GPU that is known to work; null if there is none for the device, or it cannot be loaded. Throws
 * `device-unavailable` for a GPU that is known not to work.
 */
async function loadDirectly(
  device: LanguageDeviceChoice,
  kept: KeptBuilds | undefined,
  keepLog: (line: string) => void,
): Promise<LoadedBuild | null> {
  // On macOS no build is tried; `auto` leaves the choice of the build to node-llama-cpp.
  if (device === 'auto' || process.platform === 'darwin') return null
  const path = device === 'cpu' ? packagedCpuAddon() : await kept?.find(device)
  if (path === undefined) return null
  if (path === null) throw unavailable(device, new Error(`no ${device} device was found`))
  try {
    const folder = dirname(path)
    const files = readdirSync(folder).map((name) => join(folder, name))
    const libraries = librariesOf(folder, files)
    const addon = await loadAddon(path, device === 'cpu' ? false : device, keepLog)
    const { release = 'unknown' } = buildNote(folder)
    let llama: Promise<Llama> | null = null
    return {
      build: addon.gpu,
      mathCores: addon.mathCores,
      release,
      libraries,
      llama() {
        llama ??= llamaOf(addon, path, keepLog)
        return llama
      },
    }
  } catch {
    // A card or driver may have gone without a sign of it: find out again.
    if (device !== 'cpu') await kept?.forget(device)
    return null
  }
}

/** Loads the build that node-llama-cpp chooses, after its trial in another process, and keeps the result. */
async function load(device: LanguageDeviceChoice, kept: KeptBuilds | undefined, keepLog: (line: string) => void): Promise<LoadedBuild> {
  const byName = device !== 'auto' && device !== 'cpu'
  try {
    const { getLlama, LlamaLogLevel } = await import('node-llama-cpp')
    const llama = await getLlama({
      gpu: buildFor(device),
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logLevel: LlamaLogLevel.warn,
      logger: (_, text) => keepLog(text),
    })
    // node-llama-cpp falls back to the CPU for devices that the platform does not support, and a build may load without finding a device.
    if (byName && (llama.gpu !== device || (await llama.getGpuDeviceNames()).length === 0)) {
      await llama.dispose()
      throw new Error(`no ${device} device was found`)
    }
    const folder = folderOf(llama.gpu)
    if (byName) await kept?.keep(device, join(folder, ADDON))
    const { gpu: build, cpuMathCores: mathCores, llamaCppRelease } = llama
    const libraries = librariesOf(folder, loadedLibraries())
    return { llama: async () => llama, build, mathCores, release: llamaCppRelease.release, libraries }
  } catch (error) {
    if (!byName) throw nativeLibrary(error)
    await kept?.keepUnusable(device)
    throw unavailable(device, error)
  }
}

function unavailable(device: LanguageDeviceChoice, cause: unknown): TarsierError {
  return new TarsierError(
    'device-unavailable',
    `llama.cpp cannot use "${device}" on this machine. Choose "auto" or "cpu" as the device, or install ${device === 'cuda' ? 'the GPU pack and the driver' : 'the driver'} that ${device} needs.`,
    { cause, details: { device } },
  )
}

function nativeLibrary(cause: unknown): TarsierError {
  return new TarsierError(
    'native-library',
    `llama.cpp could not be loaded on this machine (${process.platform} ${process.arch}). Install Tarsier again; on Linux it needs glibc.`,
    { cause, remedy: 'install-again' },
  )
}

/** Path of the addon of the build that is loaded into this process. */
export function addonOf(gpu: Llama['gpu']): string {
  return join(folderOf(gpu), ADDON)
}

/** Folder of the build that is loaded into this process. */
function folderOf(gpu: Llama['gpu']): string {
  const candidates = loadedLibraries().filter((path) => isLibrary('llama', path))
  // A process may have several builds loaded, e.g. after two engines with different devices.
  const found = candidates.find((path) => buildNote(dirname(path)).gpu === gpu) ?? (candidates.length === 1 ? candidates[0] : undefined)
  if (found === undefined) throw new Error(`libllama is not among the loaded libraries (${candidates.join(', ') || 'none similar'})`)
  return dirname(found)
}

/** The libraries of a build among files. Throws unless there is one of each. */
function librariesOf(folder: string, files: readonly string[]): LoadedBuild['libraries'] {
  const one = (name: 'llama' | 'ggml'): string => {
    const [path, ...others] = files.filter((file) => dirname(file) === folder && isLibrary(name, file))
    if (path === undefined || others.length > 0) throw new Error(`lib${name} was not found, or more than once`)
    return path
  }
  return { llama: one('llama'), ggml: one('ggml') }
}

/** Device and release of a binary package, from its metadata file; undefined without such a file. */
function buildNote(directory: string): { readonly gpu?: unknown; readonly release?: string | undefined } {
  try {
    const note = JSON.parse(readFileSync(join(directory, '_nlcBuildMetadata.json'), 'utf8')) as {
      buildOptions?: { gpu?: unknown; llamaCpp?: { release?: string } }
    }
    return { gpu: note.buildOptions?.gpu, release: note.buildOptions?.llamaCpp?.release }
  } catch {
    return {} // not a folder of node-llama-cpp
  }
}

/** libggml-base, next to libllama, exports `ggml_is_empty` and many other functions. */
function ggmlBase(libllama: string): string {
  const ending = /\.(so|dylib|dll)(\.[\d.]+)?$/i.exec(basename(libllama))?.[1] ?? 'so'
  return join(dirname(libllama), ending === 'dll' ? 'ggml-base.dll' : `libggml-base.${ending}`)
}

/** Whether a file is the given library, on any platform, with or without a version in its name. */
function isLibrary(name: 'llama' | 'ggml', path: string): boolean {
  return new RegExp(`^(lib)?${name}\\.(.+\\.)?(so|dylib|dll)(\\.[\\d.]+)?$`, 'i').test(basename(path))
}
