import { SidecarNames } from '../jobs/sidecar-names.ts'
import { writeSidecar } from '../jobs/sinks/sidecar.ts'
import { isTaken } from '../platform/disk.ts'
import type { SidecarFormat, SidecarReport } from '../shared/contract/batch.ts'
import { asTarsierError, type ErrorData, TarsierError } from '../shared/errors.ts'
import { type ExportRecord, sidecarText } from './export.ts'

/**
 * Writes the first answer or the subtitles of each clip to a file next to it. Existing files are kept unless `overwrite` is set. Errors do not affect the other
 * files.
 */
export async function writeSidecars(
  records: readonly ExportRecord[],
  { overwrite, format }: { readonly overwrite: boolean; readonly format: SidecarFormat },
): Promise<SidecarReport> {
  const present: string[] = []
  const failed: { name: string; error: ErrorData }[] = []
  let written = 0
  const own = records.filter(({ clip }) => !clip.uploaded)
  for (const { clip } of records.filter((record) => record.clip.uploaded)) {
    const error = new TarsierError(
      'write-failed',
      `${clip.name} was uploaded and has no folder on this machine. Export the batch as a file instead.`,
    )
    failed.push({ name: clip.given, error: error.toData() })
  }
  const names = new SidecarNames(
    format,
    own.map(({ clip }) => clip.path),
  )
  for (const record of own) {
    const { clip } = record
    try {
      const path = await names.of(clip.path)
      if (!overwrite && (await isTaken(path))) {
        present.push(path)
        continue
      }
      await writeSidecar(path, sidecarText(record, format), { overwrite })
      written += 1
    } catch (error) {
      failed.push({ name: clip.given, error: asTarsierError(error).toData() })
    }
  }
  return { written, present, failed }
}
