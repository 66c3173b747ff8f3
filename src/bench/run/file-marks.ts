import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TarsierError } from '../../shared/errors.ts'

/**
 * Holds a model's files to what they were when the run began. A file that is written over under a running engine, which has it mapped, makes it
 * answer nonsense without a failure.
 */
export class FileMarks {
  readonly #marks: ReadonlyMap<string, string>

  private constructor(marks: ReadonlyMap<string, string>) {
    this.#marks = marks
  }

  static async of(folder: string, files: readonly string[]): Promise<FileMarks> {
    const paths = files.map((file) => join(folder, file))
    return new FileMarks(new Map(await Promise.all(paths.map(async (path) => [path, await markOf(path)] as const))))
  }

  /** Throws `model-damaged` where a file is another than it was. */
  async check(): Promise<void> {
    for (const [path, mark] of this.#marks)
      if ((await markOf(path)) !== mark)
        throw new TarsierError(
          'model-damaged',
          `${path} was changed or taken away while the model was in use, so what it answers means nothing. Start the run again: what was done before stays.`,
        )
  }
}

async function markOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path)
    return `${size} ${mtimeMs} ${ino}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}
