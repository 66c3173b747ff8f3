import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A control group of Linux with a limit of memory, for commands that are to find themselves on a small machine. */
export class MemoryGroup implements Disposable {
  /** File to which a process writes its id to belong to the group. */
  readonly members: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.members = join(folder, 'cgroup.procs')
  }

  /** Null if this process may not make groups: that takes root, in most systems. */
  static make(bytes: number): MemoryGroup | null {
    for (const { folder, limit } of ownGroups()) {
      const inside = join(folder, `tarsier-bench-${process.pid}`)
      try {
        mkdirSync(inside)
      } catch {
        continue
      }
      try {
        writeFileSync(join(inside, limit), String(bytes))
        return new MemoryGroup(inside)
      } catch {
        rmdirSync(inside) // groups without limits of memory
      }
    }
    return null
  }

  /** Its processes must have ended. */
  [Symbol.dispose](): void {
    rmdirSync(this.#folder)
  }
}

/** This process's groups, in both versions of the system's interface. */
function ownGroups(): { readonly folder: string; readonly limit: string }[] {
  const lines = process.platform === 'linux' ? readFileSync('/proc/self/cgroup', 'utf8').split('\n') : []
  return lines.flatMap((line) => {
    const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) return []
    if (controllers === 'memory') return [{ folder: join('/sys/fs/cgroup/memory', path), limit: 'memory.limit_in_bytes' }]
    return controllers === '' ? [{ folder: join('/sys/fs/cgroup', path), limit: 'memory.max' }] : []
  })
}
