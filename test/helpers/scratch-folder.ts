import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** An empty temporary folder; disposing it removes it. */
export class ScratchFolder implements AsyncDisposable {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async make(): Promise<ScratchFolder> {
    return new ScratchFolder(await mkdtemp(join(tmpdir(), 'tarsier-test-')))
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Writes a file and returns its path. */
  async write(name: string, bytes: Uint8Array | string): Promise<string> {
    await writeFile(this.path(name), bytes)
    return this.path(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const removed = () => rm(this.directory, { recursive: true, force: true })
    await removed().catch(async (error: unknown) => {
      if (process.platform !== 'win32') throw error
      await closeSqlite()
      await removed()
    })
  }
}

/** Lets SQLite close the files of closed databases, which it does when their statements are collected (see `removeDataFolder`). */
async function closeSqlite(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  // Finalizers of native objects run later.
  await turn()
}
