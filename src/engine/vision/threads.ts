import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const CPUS = '/sys/devices/system/cpu'

/**
 * Number of physical cores that this process may use, because a second thread per core does not speed up matrix products. 0 if the system
 * does not report it; ONNX Runtime then uses the number of physical cores, but ignores container limits.
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
    return 0 // the files do not exist in some containers
  }
}
