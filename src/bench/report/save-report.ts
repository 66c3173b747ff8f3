import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile, writeError } from '../../jobs/write-file.ts'
import { csvReport } from './csv-report.ts'
import type { EvalReport } from './eval-report.ts'
import { htmlReport } from './html-report.ts'
import { factLines, sampleLines } from './run-facts.ts'

/** The folder that upstream keeps its results in, beside the predictions. */
export const RECORDS_FOLDER = 'eval_records'

/** What is printed: upstream's text, then what it was made with, which upstream leaves to the reader's memory. */
export function plainReport(report: EvalReport): string {
  const facts = [...sampleLines(report), ...factLines(report.run, report.judge)].map(([name, text]) => `${name}: ${text}`)
  return `${[report.text, ...(facts.length > 0 ? ['', ...facts] : [])].join('\n')}\n`
}

/**
 * Writes `eval_records/{data set}_eval_result` as .txt, .json, .csv and .html into a folder, in place of older ones, and gives their paths.
 * Throws `write-failed` and `disk-full`.
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

/** Annotations name data sets, and anybody writes annotations. */
export function fileName(dataset: string): string {
  return dataset.replaceAll(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_'
}
