import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const CPUS = '/sys/devices/system/cpu'

/**
 * Physical cores this process may use: a second thread on a core gains nothing in matrix products. 0 where the system does
 * not say, which leaves the count to ONNX Runtime (it takes the physical cores as well, but knows no container limits).
 */
export function physicalCores(): number {
  if (process.platform !== 'linux') return 0
  try {
    const cores = new Set<string>()
    for (const entry of readdirSync(CPUS)) {
      if (/^cpu\d+$/.test(entry)) cores.add(readFileSync(`${CPUS}/${entry}/topology/thread_siblings_list`, 'utf8').trim())
    }
    return Math.min(cores.size, availableParallelism())
  } catch {
    return 0 // no such files in some containers
  }
}
