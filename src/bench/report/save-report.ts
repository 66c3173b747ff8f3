import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeFolder, replaceFile, writeError } from '../../jobs/write-file.ts'
import { move } from '../../platform/move.ts'
import { TarsierError } from '../../shared/errors.ts'
import { csvReport } from './csv-report.ts'
import type { EvalReport } from './eval-report.ts'
import { htmlReport } from './html-report.ts'
import { type Form, forms, ownerOf, SIGNATURE } from './own-reports.ts'
import { infoLines, sampleLines } from './run-info.ts'

/** Folder in which upstream stores its results, beside the predictions. */
export const RECORDS_FOLDER = 'eval_records'

/** Formats the printed report: upstream's text, followed by the settings of the run, which upstream does not print. */
export function plainReport(report: EvalReport): string {
  const info = [...sampleLines(report), ...infoLines(report.run, report.judge)].map(([name, text]) => `${name}: ${text}`)
  return `${[report.text, ...(info.length > 0 ? ['', ...info] : [])].join('\n')}\n`
}

export interface SavedReport {
  readonly paths: readonly string[]
  /** Files of other programs that have the names of reports, and were kept. */
  readonly kept: readonly string[]
}

/**
 * Writes `eval_records/{data set}_eval_result` as .txt, .json, .csv and .html to a folder, replacing earlier ones of this program. If another program,
 * such as upstream, or the user has written one of the files, it is kept, and ours has `-tarsier` after the name of the data set. Throws `write-failed`
 * and `disk-full`.
 */
export async function saveReport(report: EvalReport, folder: string): Promise<SavedReport> {
  const directory = join(folder, RECORDS_FOLDER)
  await makeFolder(directory)
  const texts: Readonly<Record<Form, string>> = {
    txt: `${plainReport(report)}\n${SIGNATURE}\n`,
    json: `${JSON.stringify(report, null, 2)}\n`,
    csv: csvReport(report),
    html: htmlReport(report),
  }
  const paths: string[] = []
  const kept: string[] = []
  for (const form of forms) {
    const path = await freePath(directory, report.dataset, form, kept)
    await replaceFile(directory, basename(path), texts[form])
    paths.push(path)
  }
  return { paths, kept }
}

/** The first path for a form of a report that is not the user's. Adds those of the user to `kept`. */
async function freePath(directory: string, dataset: string, form: Form, kept: string[]): Promise<string> {
  const paths = reportPaths(directory, dataset, form)
  for (const path of paths) {
    if ((await ownerOf(path, form)) !== 'user') return path
    kept.push(path)
  }
  throw new TarsierError('write-failed', `${paths.join(', ')}: another program wrote these files. Move them to another folder.`)
}

/** Moves the report of a data set, if there is one, from one folder to another, as {@link saveReport} names them. Throws `write-failed`. */
export async function moveReport(dataset: string, from: string, to: string): Promise<void> {
  for (const form of forms) {
    for (const path of reportPaths(join(from, RECORDS_FOLDER), dataset, form)) {
      if ((await ownerOf(path, form)) !== 'ours') continue
      try {
        await mkdir(join(to, RECORDS_FOLDER), { recursive: true })
        await move(path, join(to, RECORDS_FOLDER, basename(path)))
      } catch (error) {
        throw writeError(path, error)
      }
    }
  }
}

function reportPaths(directory: string, dataset: string, form: Form): string[] {
  return ['', '-tarsier'].map((addition) => join(directory, `${fileName(dataset)}${addition}_eval_result.${form}`))
}

/** Converts the name of a data set, which comes from untrusted annotations, to a safe file name. */
export function fileName(dataset: string): string {
  return dataset.replaceAll(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_'
}
