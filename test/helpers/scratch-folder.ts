import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
    await rm(this.directory, { recursive: true, force: true })
  }
}
