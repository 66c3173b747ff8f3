import type { LibraryHandle } from 'koffi'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { Pointer } from './llama-header.ts'

/** `enum ggml_backend_dev_type`. */
const TYPE_GPU = 1
const TYPE_INTEGRATED_GPU = 2

/** Kind of GPU that llama.cpp has a build for. */
export type LanguageGpu = Exclude<LanguageDeviceChoice, 'auto' | 'cpu'>

/** A GPU that the loaded build of llama.cpp can use. */
export interface Gpu {
  /** A `ggml_backend_dev_t`. */
  readonly address: Pointer
  /** Name from the driver, e.g. `NVIDIA GeForce RTX 4090`. */
  readonly name: string
  /** Current memory in bytes. Some drivers do not report used memory; then all memory counts as free. */
  memory(): { readonly free: number; readonly total: number }
}

/**
 * Lists the GPUs that llama.cpp uses by default: all of them; integrated ones only if there are no others.
 * @param base libggml-base
 * @param ggml libggml, where the devices are registered
 */
export function listGpus(base: LibraryHandle, ggml: LibraryHandle): Gpu[] {
  const count = ggml.func('ggml_backend_dev_count', 'size_t', []) as () => number | bigint
  const at = ggml.func('ggml_backend_dev_get', 'void *', ['size_t']) as (index: number) => Pointer
  const typeOf = base.func('ggml_backend_dev_type', 'int', ['void *']) as (device: Pointer) => number
  const nameOf = base.func('ggml_backend_dev_description', 'str', ['void *']) as (device: Pointer) => string
  const memoryOf = base.func('ggml_backend_dev_memory', 'void', ['void *', '_Out_ size_t *', '_Out_ size_t *'])
  const all = Array.from({ length: Number(count()) }, (_, i) => at(i))
  const gpus = (type: number): Gpu[] =>
    all
      .filter((address) => typeOf(address) === type)
      .map((address) => ({
        address,
        name: nameOf(address),
        memory() {
          const [free, total] = [[0], [0]] as [[number | bigint], [number | bigint]]
          memoryOf(address, free, total)
          return { free: Number(free[0]), total: Number(total[0]) }
        },
      }))
  const discrete = gpus(TYPE_GPU)
  return discrete.length > 0 ? discrete : gpus(TYPE_INTEGRATED_GPU)
}

/**
 * Filters GPUs by a part of their name, case-insensitively; all GPUs without `text`.
 * Throws `device-unavailable` with the names of the available GPUs if none matches.
 */
export function gpusNamed(gpus: readonly Gpu[], device: string, text: string | undefined): readonly Gpu[] {
  if (text === undefined) return gpus
  const named = gpus.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()))
  if (named.length > 0) return named
  const available = gpus.map(({ name }) => name)
  throw new TarsierError(
    'device-unavailable',
    `llama.cpp found no ${device} device whose name contains "${text}". Available devices: ${available.join(', ') || 'none'}.`,
    { details: { device, name: text, available } },
  )
}

/** Total of free and total memory of the GPUs, in bytes, as reported by their drivers. */
export function memoryOf(gpus: readonly Gpu[]): { free: number; total: number } {
  let [free, total] = [0, 0]
  for (const gpu of gpus) {
    const memory = gpu.memory()
    free += memory.free
    total += memory.total
  }
  return { free, total }
}
