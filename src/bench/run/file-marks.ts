import { join } from 'node:path'
import { fileStamp } from '../../engine/media/local-file.ts'
import { TarsierError } from '../../shared/errors.ts'

/**
 * Checks that a model's files have not changed since the run began. If a file is overwritten while a running engine has it mapped, the engine
 * returns garbage without an error.
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

  /** Throws `model-damaged` if a file has changed. */
  async check(): Promise<void> {
    for (const [path, stamp] of this.#stamps)
      if ((await fileStamp(path)) !== stamp)
        throw new TarsierError(
          'model-damaged',
          `${path} was changed or deleted while the model was in use, so its answers are invalid. Run the same command again to resume.`,
        )
  }
}
