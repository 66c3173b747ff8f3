import { execFileSync } from 'node:child_process'
import { statfsSync, writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A disk of its own, of so many megabytes. Taken away again with all that is on it. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Null where this user may not have one: only root on Linux may. */
  static async mount(path: string, megabytes: number): Promise<SmallDisk | null> {
    await mkdir(path, { recursive: true })
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' })
      return new SmallDisk(path)
    } catch {
      return null
    }
  }

  /** Takes all room that is left, into one more file. */
  fill(name = 'filler'): void {
    const { bavail, bsize } = statfsSync(this.path)
    writeFileSync(join(this.path, name), new Uint8Array(bavail * bsize))
  }

  async free(name = 'filler'): Promise<void> {
    await rm(join(this.path, name), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The library's files stay open until they are collected: the disk goes with the last of them.
    execFileSync('umount', ['--lazy', this.path])
  }
}

export const NO_DISK = 'only root on Linux can mount a disk of a few megabytes'
