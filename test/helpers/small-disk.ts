import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
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

  /** Takes all room that is left, into one more file; whoever writes at the same time may get some of it. Tells how many bytes it got. */
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

  /** The same, until nobody gives any back any more: what was just done may be tidied up a moment later. */
  async fillUp(): Promise<void> {
    while (this.fill() > 0) await new Promise((resolve) => setTimeout(resolve, 300))
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
