import type { SidecarReport } from '../shared/contract/batch.ts'
import { asTarsierError, type ErrorData, TarsierError } from '../shared/errors.ts'
import type { ExportRecord } from './export.ts'
import { exists, planSidecars, writeSidecar } from './sidecar.ts'

/** Writes each first answer beside its clip. One that is there is left alone unless `overwrite`; one that fails does not stop the others. */
export async function writeSidecars(
  records: readonly ExportRecord[],
  { overwrite }: { readonly overwrite: boolean },
): Promise<SidecarReport> {
  const present: string[] = []
  const failed: { name: string; error: ErrorData }[] = []
  let written = 0
  const own = records.filter(({ clip }) => !clip.uploaded)
  for (const { clip } of records.filter((record) => record.clip.uploaded)) {
    const error = new TarsierError(
      'write-failed',
      `${clip.name} was uploaded, so it has no folder of its own here. Export the batch as a file instead.`,
    )
    failed.push({ name: clip.name, error: error.toData() })
  }
  const paths = planSidecars(
    own.map(({ clip }) => clip.path),
    'txt',
  )
  for (const { clip, turns } of own) {
    const path = paths.get(clip.path)
    if (path === undefined) continue
    try {
      if (!overwrite && (await exists(path))) {
        present.push(path)
        continue
      }
      await writeSidecar(path, turns[0]?.text ?? '', { overwrite })
      written += 1
    } catch (error) {
      failed.push({ name: clip.name, error: asTarsierError(error).toData() })
    }
  }
  return { written, present, failed }
}
