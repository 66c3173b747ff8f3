import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { replaceFile, writeError } from '../../jobs/write-file.ts'
import { move } from '../../platform/move.ts'
import { csvReport } from './csv-report.ts'
import type { EvalReport } from './eval-report.ts'
import { htmlReport } from './html-report.ts'
import { infoLines, sampleLines } from './run-info.ts'

/** Folder in which upstream stores its results, beside the predictions. */
export const RECORDS_FOLDER = 'eval_records'

/** Formats the printed report: upstream's text, followed by the settings of the run, which upstream does not print. */
export function plainReport(report: EvalReport): string {
  const info = [...sampleLines(report), ...infoLines(report.run, report.judge)].map(([name, text]) => `${name}: ${text}`)
  return `${[report.text, ...(info.length > 0 ? ['', ...info] : [])].join('\n')}\n`
}

/**
 * Writes `eval_records/{data set}_eval_result` as .txt, .json, .csv and .html to a folder, replacing older ones, and returns their paths. Throws
 * `write-failed` and `disk-full`.
 */
export async function saveReport(report: EvalReport, folder: string): Promise<string[]> {
  const directory = join(folder, RECORDS_FOLDER)
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    throw writeError(directory, error)
  }
  const texts: Readonly<Record<Form, string>> = {
    txt: plainReport(report),
    json: `${JSON.stringify(report, null, 2)}\n`,
    csv: csvReport(report),
    html: htmlReport(report),
  }
  for (const form of forms) await replaceFile(directory, reportName(report.dataset, form), texts[form])
  return forms.map((form) => join(directory, reportName(report.dataset, form)))
}

/** Moves the report of a data set, if there is one, from one folder to another, as {@link saveReport} names them. Throws `write-failed`. */
export async function moveReport(dataset: string, from: string, to: string): Promise<void> {
  for (const form of forms) {
    const path = join(from, RECORDS_FOLDER, reportName(dataset, form))
    if (!existsSync(path)) continue
    try {
      await mkdir(join(to, RECORDS_FOLDER), { recursive: true })
      await move(path, join(to, RECORDS_FOLDER, basename(path)))
    } catch (error) {
      throw writeError(path, error)
    }
  }
}

const forms = ['txt', 'json', 'csv', 'html'] as const
type Form = (typeof forms)[number]

function reportName(dataset: string, form: Form): string {
  return `${fileName(dataset)}_eval_result.${form}`
}

/** Converts the name of a data set, which comes from untrusted annotations, to a safe file name. */
export function fileName(dataset: string): string {
  return dataset.replaceAll(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_'
}
