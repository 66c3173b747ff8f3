import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isTaken } from '../../platform/disk.ts'
import { writeFailure } from '../../platform/file-failure.ts'
import { move, remove } from '../../platform/move.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { Sink } from '../driver.ts'

export interface SidecarOptions<Clip, Result> {
  /** Path of a clip's text file; null for none. */
  pathOf(clip: Clip): string | null
  textOf(result: Result): string
  /** Whether existing files are replaced; otherwise the clip fails. */
  readonly overwrite: boolean
}

/** Writes each clip's text to a file next to it. */
export function sidecarSink<Clip, Result>({ pathOf, textOf, overwrite }: SidecarOptions<Clip, Result>): Sink<Clip, Result> {
  return {
    onFailure: 'fails-clip',
    async write(outcome) {
      const path = outcome.kind === 'done' ? pathOf(outcome.clip) : null
      if (path !== null && outcome.kind === 'done') await writeSidecar(path, textOf(outcome.result), { overwrite })
    },
  }
}

export function refuseExisting(path: string): TarsierError {
  return new TarsierError('write-failed', `${path} already exists. Skip clips that have a text file, or overwrite it.`, {
    remedy: 'existing-texts',
  })
}

/** Writes a text atomically: to a temporary file, which is then renamed. Throws `disk-full` and `write-failed`. */
export async function writeSidecar(path: string, text: string, options: { readonly overwrite: boolean }): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.part`)
  try {
    await writeFile(temporary, `${text}\n`)
    if (!options.overwrite && (await isTaken(path))) throw refuseExisting(path)
    await move(temporary, path)
  } catch (error) {
    throw writeFailure(`${path} could not be written`, error, {
      ifFull: 'Free disk space and write the missing files again.',
      remedyIfFull: 'missing-texts',
    })
  } finally {
    await remove(temporary)
  }
}
