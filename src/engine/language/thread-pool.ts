import koffi, { type LibraryHandle } from 'koffi'
import type { Pointer } from './llama-header.ts'

/** Creates threads that are reused for all batches. */
export interface ThreadPools {
  make(threads: number): ThreadPool
}

/** A ggml thread pool. The code that attached it to a context frees it after the context. */
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
 * Declares ggml's thread pools. Without one, llama.cpp creates threads for every batch, and in a batch from a Node worker thread two of
 * them start on the same core and spin for each other until the system moves one: half of the speed on two cores
 * (docs/decisions/0024-thread-pools.md).
 * @param base libggml-base
 * @param ggml libggml, where the backends are registered
 * @returns null for a build without thread pools or with another layout; llama.cpp works without them
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

  // The functions are in the build of the CPU backend that was selected for this processor.
  const cpu = ggml.func('ggml_backend_reg_by_name', 'void *', ['str'])('CPU') as Pointer | null
  const find = base.func('ggml_backend_reg_get_proc_address', 'void *', ['void *', 'str'])
  const address = (name: string) => (cpu === null ? null : (find(cpu, name) as Pointer | null))
  const [create, destroy] = [address('ggml_threadpool_new'), address('ggml_threadpool_free')]
  if (create === null || destroy === null) return null
  const createType = koffi.proto('void *', [koffi.pointer(params)])
  const destroyType = koffi.proto('void', ['void *'])
  return {
    make(threads) {
      // The threads sleep between batches instead of polling.
      const pool = koffi.call(create, createType, { ...defaults(threads), poll: 0 }) as Pointer
      return { address: pool, free: () => koffi.call(destroy, destroyType, pool) }
    },
  }
}
