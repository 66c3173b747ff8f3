import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { isTaken } from '../../platform/disk.ts'
import { assertNever } from '../../shared/errors.ts'
import { CSV_COLUMNS } from './csv-report.ts'
import { GENERATOR } from './html-report.ts'

export const forms = ['txt', 'json', 'csv', 'html'] as const
export type Form = (typeof forms)[number]

/** Last line of saved texts. The Python program writes texts of the same name, to the same folder, without it. */
export const SIGNATURE = 'Scored with Tarsier Desktop'

/** What reports of all versions have. */
const anyReportSchema = z.object({ format: z.number(), dataset: z.string(), metric: z.string(), evaluated: z.string() })

/** What is at the path of a report: nothing, a report that this program wrote, or something of the user's, which must not be replaced. */
export async function ownerOf(path: string, form: Form): Promise<'nobody' | 'ours' | 'user'> {
  if (!(await isTaken(path))) return 'nobody'
  const text = await readFile(path, 'utf8').catch(() => null) // a folder, or not ours to read
  return text !== null && isOurs(text, form) ? 'ours' : 'user'
}

function isOurs(text: string, form: Form): boolean {
  switch (form) {
    case 'txt':
      return text.trimEnd().endsWith(`\n${SIGNATURE}`)
    case 'json':
      return isReport(text)
    case 'csv':
      return text.replace(/^\ufeff/, '').startsWith(`${CSV_COLUMNS.join(',')},`)
    case 'html':
      return text.includes(GENERATOR)
    default:
      return assertNever(form, 'form of a report')
  }
}

function isReport(text: string): boolean {
  try {
    return anyReportSchema.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}
