import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A disk of this many megabytes. Disposing it unmounts and removes it. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Null if not permitted: only root on Linux may mount one. */
  static async mount(path: string, megabytes: number): Promise<SmallDisk | null> {
    await mkdir(path, { recursive: true })
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' })
      return new SmallDisk(path)
    } catch {
      return null
    }
  }

  /** Fills the free space with one more file, though concurrent writers may get some of it. Returns the number of bytes. */
  fill(name = 'filler'): number {
    const file = openSync(join(this.path, name), 'a')
    let taken = 0
    try {
      for (let piece = 1 << 20; piece >= 1; piece >>= 1) {
        try {
          for (;;) taken += writeSync(file, new Uint8Array(piece))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
    } finally {
      closeSync(file)
    }
    return taken
  }

  /** Fills the disk until no space is released any more, because cleanup may follow a moment later. */
  async fillUp(): Promise<void> {
    while (this.fill() > 0) await new Promise((resolve) => setTimeout(resolve, 300))
  }

  async free(name = 'filler'): Promise<void> {
    await rm(join(this.path, name), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The library's files stay open until they are garbage-collected: the disk goes with the last of them.
    execFileSync('umount', ['--lazy', this.path])
  }
}

export const NO_DISK = 'only root on Linux can mount a disk of a few megabytes'
