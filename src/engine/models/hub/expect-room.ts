import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { exists, freeBytes } from '../../../platform/disk.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { megabytesText } from '../../../shared/size-text.ts'

/** Space for a model that is made from a download. */
export interface ModelRoom {
  /** Folder of the model, which need not exist yet. */
  readonly folder: string
  /** Bytes of the model that is made from a download, as far as they are known before it. */
  bytesFrom(download: CheckpointSize): number
}

/** What is known of a checkpoint before it is downloaded. */
export interface CheckpointSize {
  /** The files of the whole download. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  /** Number of weights in the safetensors files; null if the hub does not state it. */
  readonly weights: number | null
}

/** Space that is needed on the disk of a folder, which need not exist yet. */
interface NeededRoom {
  readonly folder: string
  readonly bytes: number
}

/**
 * Throws `disk-full` if the download of a repository or the model made from it does not fit on its disk. On one disk both must fit, because the download
 * is needed until the model is complete.
 * @param model null if none is made
 */
export async function expectRoom(repository: string, download: NeededRoom, model: NeededRoom | null): Promise<void> {
  const folder = await existingFolder(download.folder)
  const free = await freeBytes(folder)
  if (model !== null) {
    const modelFolder = await existingFolder(model.folder)
    if ((await stat(folder)).dev === (await stat(modelFolder)).dev) return expectBoth(repository, { download, model, free })
    const modelFree = await freeBytes(modelFolder)
    if (model.bytes > modelFree)
      throw diskFull(
        `The model of ${repository} needs about ${megabytesText(model.bytes)} in ${model.folder}, but only ${megabytesText(modelFree)} are free there. Free disk space, or import it with a smaller precision.`,
        model.bytes,
        modelFree,
      )
  }
  if (download.bytes <= free) return
  throw diskFull(
    `${repository} needs ${megabytesText(download.bytes)} more in ${download.folder}, but only ${megabytesText(free)} are free there. Free disk space, or set TARSIER_HOME to a folder on another disk.`,
    download.bytes,
    free,
  )
}

function expectBoth(
  repository: string,
  { download, model, free }: { readonly download: NeededRoom; readonly model: NeededRoom; readonly free: number },
): void {
  const needed = download.bytes + model.bytes
  if (needed <= free) return
  throw diskFull(
    `${repository} needs ${megabytesText(download.bytes)} more for the download and about ${megabytesText(model.bytes)} for the model on the disk of ${download.folder}, of which only ${megabytesText(free)} are free: about ${megabytesText(needed - free)} are missing. Free disk space, import it with a smaller precision, or set TARSIER_HOME to a folder on another disk.`,
    needed,
    free,
  )
}

function diskFull(message: string, needed: number, free: number): TarsierError {
  return new TarsierError('disk-full', message, { details: { needed, free } })
}

/** A folder itself, or the nearest one above it that exists. */
async function existingFolder(folder: string): Promise<string> {
  let at = folder
  while (!(await exists(at)) && dirname(at) !== at) at = dirname(at)
  return at
}
