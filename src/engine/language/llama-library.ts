import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import koffi from 'koffi'
import type { Llama } from 'node-llama-cpp'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { type Gpu, listGpus } from './gpus.ts'
import { checkLayout } from './layout-check.ts'
import { declareLlama, type LlamaApi, type Pointer } from './llama-header.ts'
import { loadedLibraries } from './loaded-libraries.ts'
import { declareThreadPools, type ThreadPools } from './thread-pool.ts'

export type LanguageGpu = Exclude<LanguageDeviceChoice, 'auto' | 'cpu'>

/**
 * The libllama that node-llama-cpp loaded, with its backends registered and its functions declared. It stays loaded until the process
 * exits.
 */
export interface LlamaLibrary {
  readonly llama: Llama
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
 */
export function openLlamaLibrary(device: LanguageDeviceChoice): Promise<LlamaLibrary> {
  const known = opened.get(device)
  if (known) return known
  const opening = open(device)
  opened.set(device, opening)
  opening.catch(() => opened.delete(device))
  return opening
}

/** GPU devices that llama.cpp may find on this machine, best first, based on what is installed. Loads no drivers. */
export async function gpuDevices(): Promise<LanguageGpu[]> {
  const { getLlamaGpuTypes } = await import('node-llama-cpp')
  return (await getLlamaGpuTypes('supported')).flatMap((type) => (type === false ? [] : [type]))
}

async function open(device: LanguageDeviceChoice): Promise<LlamaLibrary> {
  const log: { level: string; text: string }[] = []
  let logged = 0
  const keepLog = (level: string, text: string) => {
    logged += 1
    log.push({ level, text: text.trim() })
    if (log.length > LOG_LINES_KEPT) log.shift()
  }

  const llama = await load(device, keepLog)
  try {
    const path = findLibllama(llama.gpu)
    const library = koffi.load(path)
    const api = declareLlama(library)
    checkLayout(api, llama.llamaCppRelease.release)
    const base = koffi.load(ggmlBase(path))
    const ggml = loadedLibraries().find((file) => dirname(file) === dirname(path) && isLibrary('ggml', file))
    const usesGpu = device !== 'cpu' && llama.gpu !== false
    if (ggml === undefined) throw new Error('libggml is not among the loaded libraries')
    const registry = koffi.load(ggml)
    return {
      llama,
      api,
      usesGpu,
      gpus: usesGpu ? listGpus(base, registry) : [],
      isEmpty: base.symbol('ggml_is_empty') as Pointer,
      threads: Math.max(1, Math.min(llama.cpuMathCores, availableParallelism())),
      pools: declareThreadPools(base, registry),
      logMark: () => logged,
      async complaints(since) {
        await setImmediate()
        await setImmediate()
        const fresh = Math.min(logged - since, log.length)
        return fresh > 0 ? log.slice(-fresh).map((line) => line.text) : []
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

async function load(device: LanguageDeviceChoice, keepLog: (level: string, text: string) => void): Promise<Llama> {
  const byName = device !== 'auto' && device !== 'cpu'
  try {
    const { getLlama, LlamaLogLevel } = await import('node-llama-cpp')
    const llama = await getLlama({
      gpu: buildFor(device),
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logLevel: LlamaLogLevel.warn,
      logger: keepLog,
    })
    // node-llama-cpp falls back to the CPU for devices that the platform does not support, and a build may load without finding a device.
    if (byName && (llama.gpu !== device || (await llama.getGpuDeviceNames()).length === 0)) {
      await llama.dispose()
      throw new Error(`no ${device} device was found`)
    }
    return llama
  } catch (error) {
    if (!byName) throw nativeLibrary(error)
    throw new TarsierError(
      'device-unavailable',
      `llama.cpp cannot use "${device}" on this machine. Choose "auto" or "cpu" as the device, or install the driver that ${device} needs.`,
      { cause: error, details: { device } },
    )
  }
}

function nativeLibrary(cause: unknown): TarsierError {
  return new TarsierError(
    'native-library',
    `llama.cpp could not be loaded on this machine (${process.platform} ${process.arch}). Install Tarsier again; on Linux it needs glibc.`,
    { cause, remedy: 'install-again' },
  )
}

/** Path of the libllama that is loaded into this process. */
function findLibllama(gpu: Llama['gpu']): string {
  const candidates = loadedLibraries().filter((path) => isLibrary('llama', path))
  // A process may have several builds loaded, e.g. after two engines with different devices.
  const found = candidates.find((path) => builtFor(dirname(path)) === gpu) ?? (candidates.length === 1 ? candidates[0] : undefined)
  if (found === undefined) throw new Error(`libllama is not among the loaded libraries (${candidates.join(', ') || 'none similar'})`)
  return found
}

/** Device of a binary package, from its metadata file; undefined without such a file. */
function builtFor(directory: string): unknown {
  try {
    const note = JSON.parse(readFileSync(join(directory, '_nlcBuildMetadata.json'), 'utf8')) as { buildOptions?: { gpu?: unknown } }
    return note.buildOptions?.gpu
  } catch {
    return undefined // not a folder of node-llama-cpp
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
