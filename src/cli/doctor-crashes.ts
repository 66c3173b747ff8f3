import { basename, dirname, resolve } from 'node:path'
import { expectFree, replaceFile } from '../jobs/write-file.ts'
import { crashFolder, deleteCrashReports, listCrashReports } from '../platform/crash-reports.ts'
import { exportCrashes } from '../service/crash-export.ts'
import type { CrashReport } from '../shared/crash-report.ts'
import { counted } from '../shared/size-text.ts'

export interface CrashOptions {
  readonly exportCrashes?: string
  readonly withPaths?: boolean
  readonly deleteCrashes?: boolean
  readonly overwrite?: boolean
}

/**
 * Exports or deletes the crash reports of a home folder, if the options say so. Returns what was done, for the user; null for nothing. Throws
 * `write-failed`, also if the file exists and is not to be overwritten, and `disk-full`; then nothing is deleted.
 */
export async function handleCrashes(
  home: string,
  { exportCrashes: file, withPaths = false, deleteCrashes, overwrite = false }: CrashOptions,
): Promise<string | null> {
  if (file === undefined && !deleteCrashes) return null
  const count = counted((await listCrashReports(home)).length, 'crash report')
  if (file !== undefined) {
    const path = resolve(file)
    if (!overwrite) await expectFree(path)
    await replaceFile(dirname(path), basename(path), (await exportCrashes(home, { withPaths })).text)
  }
  if (deleteCrashes) await deleteCrashReports(home)
  return [...(file === undefined ? [] : [`${count} exported to ${file}`]), ...(deleteCrashes ? [`${count} deleted`] : [])].join('\n')
}

/** One line about the crash reports of a home folder, given the newest first. */
export function crashesText(home: string, reports: readonly Pick<CrashReport, 'time' | 'process'>[]): string {
  const [newest] = reports
  if (!newest) return 'none'
  const last = `the last of "${newest.process}" at ${new Date(newest.time).toISOString()}`
  return `${counted(reports.length, 'report')}, ${last}, in ${crashFolder(home)}`
}
