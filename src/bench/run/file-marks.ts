import { join } from 'node:path'
import { fileStamp } from '../../engine/media/local-file.ts'
import { TarsierError } from '../../shared/errors.ts'

/**
 * Holds a model's files to what they were when the run began. A file that is written over under a running engine, which has it mapped, makes it
 * answer nonsense without a failure.
 */
export class FileMarks {
  readonly #stamps: ReadonlyMap<string, string>

  private constructor(stamps: ReadonlyMap<string, string>) {
    this.#stamps = stamps
  }

  static async of(folder: string, files: readonly string[]): Promise<FileMarks> {
    const paths = files.map((file) => join(folder, file))
    return new FileMarks(new Map(await Promise.all(paths.map(async (path) => [path, await fileStamp(path)] as const))))
  }

  /** Throws `model-damaged` where a file is another than it was. */
  async check(): Promise<void> {
    for (const [path, stamp] of this.#stamps)
      if ((await fileStamp(path)) !== stamp)
        throw new TarsierError(
          'model-damaged',
          `${path} was changed or taken away while the model was in use, so what it answers means nothing. Start the run again: what was done before stays.`,
        )
  }
}
