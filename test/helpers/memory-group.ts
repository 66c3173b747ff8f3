import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

/** Processes with a common memory limit that the system enforces (a control group of Linux). */
export class MemoryGroup implements Disposable {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Null if not permitted: only root on Linux may create one, and not in every container. */
  static make(bytes: number): MemoryGroup | null {
    const name = `tarsier-test-${process.pid}`
    for (const [parent, limit] of places()) {
      const directory = join(parent, name)
      try {
        mkdirSync(directory)
      } catch {
        continue
      }
      const group = new MemoryGroup(directory)
      try {
        writeFileSync(join(directory, limit), String(bytes))
        return group
      } catch {
        group[Symbol.dispose]()
      }
    }
    return null
  }

  /** Wraps a command so that it runs in the group. */
  around(command: readonly string[]): readonly [program: string, ...args: string[]] {
    return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', join(this.#directory, 'cgroup.procs'), ...command]
  }

  /** Its processes must have ended. */
  [Symbol.dispose](): void {
    rmdirSync(this.#directory)
  }
}

/** Where a group may be made, and its limit file: version 2 at the top, version 1 within the group of this process. */
function places(): [parent: string, limit: string][] {
  // Under Wine these folders are there too.
  if (process.platform !== 'linux') return []
  const found: [string, string][] = []
  try {
    if (readFileSync(join(ROOT, 'cgroup.subtree_control'), 'utf8').split(/\s/).includes('memory')) found.push([ROOT, 'memory.max'])
  } catch {} // not version 2
  try {
    const own = /^\d+:memory:(.+)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1]
    if (own !== undefined) found.push([join(ROOT, 'memory', own), 'memory.limit_in_bytes'])
  } catch {} // not version 1
  return found
}

export const NO_MEMORY_GROUP = 'only root on Linux can limit the memory of processes'
