import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasNvidia } from '../../platform/gpu-presence.ts'
import type { GpuPackStatus } from '../../shared/gpu-pack.ts'
import { filesFor, isIncluded, isUnpacked, type PackFile, packFolder } from './pack-parts.ts'

/** What the machine has; replaced in tests. */
export interface PackSurroundings {
  readonly files: readonly PackFile[]
  readonly card: boolean
  /** Whether programs find a shared library by its name. */
  readonly hasLibrary: (name: string) => boolean
}

/** Libraries of NVIDIA's CUDA 13 that a part loads, by system. Neither npm nor the pack has them. */
const needed: Readonly<Record<string, Readonly<Record<PackFile['use'], readonly string[]>>>> = {
  'linux-x64': {
    language: ['libcudart.so.13', 'libcublas.so.13', 'libcublasLt.so.13'],
    vision: ['libcudart.so.13', 'libcublas.so.13', 'libcublasLt.so.13', 'libcurand.so.10'],
  },
  // node-llama-cpp looks for the first one as well.
  'win32-x64': { language: ['cudart64_13.dll', 'cublas64_13.dll', 'cublasLt64_13.dll'], vision: [] },
}

/** Tells which parts of the pack are installed, and whether it can be used on this machine. Loads no library. */
export async function gpuPackStatus(home: string, surroundings: Partial<PackSurroundings> = {}): Promise<GpuPackStatus> {
  const { files = filesFor(), card = hasNvidia(), hasLibrary = isFound } = surroundings
  const parts = await Promise.all(
    files.map(async ({ system: _, url: __, ...file }, i) => {
      const whole = files[i] as PackFile
      const state = (await isUnpacked(home, whole)) ? 'installed' : isIncluded(whole) ? 'included' : 'missing'
      return { ...file, state } as const
    }),
  )
  return { card, parts, folder: packFolder(home), problem: problemOf(files, card, hasLibrary) }
}

function problemOf(files: readonly PackFile[], card: boolean, hasLibrary: (name: string) => boolean): string | null {
  const system = `${process.platform} ${process.arch}`
  if (files.length === 0) return `There is no GPU pack for ${system}. It is for NVIDIA GPUs on Linux x64 and Windows x64.`
  if (!card) return 'This machine has no NVIDIA GPU, or its driver is not loaded.'
  const missing = [...new Set(files.flatMap(({ system: of, use }) => needed[of]?.[use] ?? []))].filter((name) => !hasLibrary(name))
  if (missing.length === 0) return null
  return `The pack needs the runtime libraries of CUDA 13. Not found: ${missing.join(', ')}. Install CUDA 13 from NVIDIA; it needs driver 580 or newer.`
}

/** Where the system's loader looks for libraries: paths of the environment, and on Linux its cache and its own folders. */
function isFound(name: string): boolean {
  const { PATH = '', LD_LIBRARY_PATH = '' } = process.env
  if (process.platform === 'win32') return PATH.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)))
  const folders = [...LD_LIBRARY_PATH.split(delimiter).filter(Boolean), '/lib64', '/usr/lib64', '/lib', '/usr/lib']
  return folders.some((folder) => existsSync(join(folder, name))) || loaderCache().includes(`${name}\0`)
}

/** The cache has the names of all libraries, each ended by a zero byte. */
function loaderCache(): Buffer {
  try {
    return readFileSync('/etc/ld.so.cache')
  } catch {
    return Buffer.alloc(0)
  }
}
