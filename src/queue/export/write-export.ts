import { randomUUID } from 'node:crypto'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expectFree, writeError } from '../../jobs/write-file.ts'
import { move, remove } from '../../platform/move.ts'
import { csvText } from '../../shared/csv.ts'
import { assertNever } from '../../shared/errors.ts'
import { type ResultRow, resultRow, rowFields } from './result-row.ts'
import type { StoredResult } from './stored-results.ts'

/** Formats of a file with all results. */
export const fileFormats = ['jsonl', 'csv', 'parquet'] as const
export type FileFormat = (typeof fileFormats)[number]

/** Takes the results of a job page by page. */
export interface ResultWriter {
  write(page: readonly StoredResult[]): Promise<void>
  /** Completes what was written. Without it, a file is left as it was. */
  finish(): Promise<void>
  /** Removes what is unfinished. */
  close(): Promise<void>
}

/**
 * Opens the writer of a format. Throws `write-failed`, also if the file exists and is not to be overwritten, and `disk-full`; so do the writer's functions.
 * @param out the file
 * @param overwrite whether an existing file is replaced
 */
export async function openWriter(format: FileFormat, out: string, overwrite: boolean): Promise<ResultWriter> {
  const replace = async (temporary: string) => {
    if (!overwrite) await expectFree(out)
    await move(temporary, out)
  }
  if (!overwrite) await expectFree(out)
  switch (format) {
    case 'jsonl':
      return await textFile(out, '', linesText, replace)
    case 'csv':
      return await textFile(out, csvText([rowFields]), csvRows, replace)
    case 'parquet':
      return await parquetFile(out, replace)
    default:
      return assertNever(format, 'format')
  }
}

/** The lines as they were stored. */
export function linesText(page: readonly StoredResult[]): string {
  return page.map(({ line }) => `${line}\n`).join('')
}

function csvRows(page: readonly StoredResult[]): string {
  // The mark at the start of a file belongs to its heading.
  return csvText(page.map((result) => cellsOf(resultRow(result)))).replace(/^\ufeff/, '')
}

function cellsOf(row: ResultRow): string[] {
  return rowFields.map((field) => String(row[field] ?? ''))
}

async function textFile(
  out: string,
  head: string,
  textOf: (page: readonly StoredResult[]) => string,
  replace: (temporary: string) => Promise<void>,
): Promise<ResultWriter> {
  const temporary = temporaryFor(out)
  const file = await open(temporary, 'w').catch(failing(out))
  const close = async () => {
    await file.close()
    await remove(temporary)
  }
  try {
    await file.appendFile(head)
  } catch (error) {
    await close()
    throw writeError(out, error)
  }
  return {
    write: (page) => file.appendFile(textOf(page)).catch(failing(out)),
    finish: () =>
      file
        .sync()
        .then(() => replace(temporary))
        .catch(failing(out)),
    close,
  }
}

/** Parquet in row groups of one page each, compressed with Snappy. */
async function parquetFile(out: string, replace: (temporary: string) => Promise<void>): Promise<ResultWriter> {
  const { fileWriter, ParquetWriter } = await import('hyparquet-writer')
  const temporary = temporaryFor(out)
  const columns = rowFields.map((name) => ({
    name,
    type: name === 'seconds' || name === 'support' ? ('DOUBLE' as const) : ('BYTE_ARRAY' as const),
  }))
  const schema = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, type }) => ({
      name,
      type,
      repetition_type: 'OPTIONAL' as const,
      ...(type === 'BYTE_ARRAY' && { converted_type: 'UTF8' as const }),
    })),
  ]
  try {
    const writer = new ParquetWriter({ writer: fileWriter(temporary), schema })
    return {
      async write(page) {
        const rows = page.map(resultRow)
        try {
          await writer.write({
            columnData: columns.map(({ name }) => ({ name, data: rows.map((row) => row[name]) })),
            rowGroupSize: rows.length,
          })
        } catch (error) {
          throw writeError(out, error)
        }
      },
      async finish() {
        try {
          await writer.finish()
          await replace(temporary)
        } catch (error) {
          throw writeError(out, error)
        }
      },
      close: () => remove(temporary),
    }
  } catch (error) {
    throw writeError(out, error)
  }
}

function temporaryFor(out: string): string {
  return join(dirname(out), `.${basename(out)}.${randomUUID()}.part`)
}

function failing(out: string): (error: unknown) => never {
  return (error) => {
    throw writeError(out, error)
  }
}
