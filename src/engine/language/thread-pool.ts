import koffi, { type LibraryHandle } from 'koffi'
import type { Pointer } from './llama-header.ts'

/** Makes threads that stay from batch to batch. */
export interface ThreadPools {
  make(threads: number): ThreadPool
}

/** A ggml thread pool; whoever attached it to a context frees it after that. */
export interface ThreadPool {
  readonly address: Pointer
  free(): void
}

interface PoolParams {
  cpumask: boolean[]
  n_threads: number
  prio: number
  poll: number
  strict_cpu: boolean
  paused: boolean
}

/**
 * ggml's thread pools. Without one llama.cpp makes its threads anew for every batch, and a batch that a worker of Node's hands in begins with two of
 * them on one core, spinning for each other, until the system moves one: half of the speed on two cores (docs/decisions/0024-thread-pools.md).
 * @param base libggml-base
 * @param ggml libggml, where the backends are registered
 * @returns null for a build that has none or lays them out otherwise: it works without
 */
export function declareThreadPools(base: LibraryHandle, ggml: LibraryHandle): ThreadPools | null {
  const params = koffi.struct({
    cpumask: koffi.array('bool', 512),
    n_threads: 'int',
    prio: 'int',
    poll: 'uint32_t',
    strict_cpu: 'bool',
    paused: 'bool',
  })
  const defaults = (threads: number) => base.func('ggml_threadpool_params_default', params, ['int'])(threads) as PoolParams
  const { n_threads, prio, poll, strict_cpu, paused } = defaults(3)
  if (n_threads !== 3 || prio !== 0 || poll !== 50 || strict_cpu || paused) return null

  // They lie in the build of the CPU backend that fits this processor, whichever that is.
  const cpu = ggml.func('ggml_backend_reg_by_name', 'void *', ['str'])('CPU') as Pointer | null
  const find = base.func('ggml_backend_reg_get_proc_address', 'void *', ['void *', 'str'])
  const address = (name: string) => (cpu === null ? null : (find(cpu, name) as Pointer | null))
  const [create, destroy] = [address('ggml_threadpool_new'), address('ggml_threadpool_free')]
  if (create === null || destroy === null) return null
  const createType = koffi.proto('void *', [koffi.pointer(params)])
  const destroyType = koffi.proto('void', ['void *'])
  return {
    make(threads) {
      // They sleep between batches: nothing is computed while somebody reads.
      const pool = koffi.call(create, createType, { ...defaults(threads), poll: 0 }) as Pointer
      return { address: pool, free: () => koffi.call(destroy, destroyType, pool) }
    },
  }
}
