import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile, writeError } from '../../jobs/write-file.ts'
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
  const name = `${fileName(report.dataset)}_eval_result`
  const files = {
    txt: plainReport(report),
    json: `${JSON.stringify(report, null, 2)}\n`,
    csv: csvReport(report),
    html: htmlReport(report),
  }
  for (const [extension, text] of Object.entries(files)) await replaceFile(directory, `${name}.${extension}`, text)
  return Object.keys(files).map((extension) => join(directory, `${name}.${extension}`))
}

/** Converts the name of a data set, which comes from untrusted annotations, to a safe file name. */
export function fileName(dataset: string): string {
  return dataset.replaceAll(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_'
}
