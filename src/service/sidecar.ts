import { randomUUID } from 'node:crypto'
import { access, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { isDiskFull, whyUnwritten } from '../engine/write-failure.ts'
import { move, remove } from '../platform/move.ts'
import { TarsierError } from '../shared/errors.ts'

/**
 * Where each clip's text goes: beside it, under its base name (`a.mp4` → `a.txt`). Clips of one run that would share
 * a file, such as `a.mp4` and `a.mov`, keep their whole name instead (`a.mp4.txt`), so that none is overwritten.
 */
export function planSidecars(files: readonly string[], extension: string): Map<string, string> {
  const short = (file: string) => join(dirname(file), `${basename(file, extname(file))}.${extension}`)
  // Some file systems hold A.txt and a.txt to be the same file.
  const key = (file: string) => resolve(short(file)).toLowerCase()
  const claims = new Map<string, number>()
  for (const file of files) claims.set(key(file), (claims.get(key(file)) ?? 0) + 1)
  return new Map(files.map((file) => [file, (claims.get(key(file)) ?? 0) > 1 ? `${file}.${extension}` : short(file)]))
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

export function refuseExisting(path: string): TarsierError {
  return new TarsierError('write-failed', `${path} is there already. Leave clips out that have such a file, or have it written anew.`, {
    remedy: 'existing-texts',
  })
}

/** Writes the whole text or nothing: aside first, then renamed. */
export async function writeSidecar(path: string, text: string, options: { overwrite: boolean }): Promise<void> {
  const aside = join(dirname(path), `.${randomUUID()}.part`)
  try {
    await writeFile(aside, `${text}\n`)
    if (!options.overwrite && (await exists(path))) throw refuseExisting(path)
    await move(aside, path)
  } catch (error) {
    if (error instanceof TarsierError) throw error
    if (isDiskFull(error)) {
      throw new TarsierError('disk-full', `${path} could not be written: the disk is full. Make room, and write what is missing.`, {
        cause: error,
        remedy: 'missing-texts',
      })
    }
    throw new TarsierError('write-failed', `${path} could not be written: ${whyUnwritten(error)}`, {
      cause: error,
    })
  } finally {
    await remove(aside)
  }
}
