import { randomUUID } from 'node:crypto'
import { open } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isPlaceholder } from '../../bench/annotations.ts'
import { clipsOf } from '../../bench/sample.ts'
import { SidecarNames } from '../../jobs/sidecar-names.ts'
import { writeSidecar } from '../../jobs/sinks/sidecar.ts'
import { writeError } from '../../jobs/write-file.ts'
import { move, remove } from '../../platform/move.ts'
import { csvText } from '../../shared/csv.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { isAddress } from '../clip-places.ts'
import { unitSchema } from '../unit.ts'
import { type ResultRow, resultRow, rowFields } from './result-row.ts'
import type { StoredResult } from './stored-results.ts'

export const exportFormats = ['jsonl', 'csv', 'parquet', 'sidecars'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** Takes the results of a job page by page. */
export interface ResultWriter {
  write(page: readonly StoredResult[]): Promise<void>
  /** Completes what was written. Without it, a file is left as it was. */
  finish(): Promise<void>
  /** Removes what is unfinished. */
  close(): Promise<void>
}

/**
 * Opens the writer of a format.
 * @param out file; ignored for sidecars, which are written beside the clips
 */
export async function openWriter(format: ExportFormat, out: string, videos: string | null, overwrite: boolean): Promise<ResultWriter> {
  switch (format) {
    case 'jsonl':
      return await textFile(out, '', (page) => linesText(page))
    case 'csv':
      return await textFile(out, csvText([rowFields]), csvRows)
    case 'parquet':
      return await parquetFile(out)
    case 'sidecars':
      return sidecars(videos, overwrite)
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

async function textFile(out: string, head: string, textOf: (page: readonly StoredResult[]) => string): Promise<ResultWriter> {
  const temporary = temporaryFor(out)
  try {
    const file = await open(temporary, 'w')
    await file.appendFile(head)
    return {
      write: (page) => file.appendFile(textOf(page)).catch(failing(out)),
      finish: () => file.sync().then(() => move(temporary, out), failing(out)),
      async close() {
        await file.close()
        await remove(temporary)
      },
    }
  } catch (error) {
    throw writeError(out, error)
  }
}

/** Parquet in row groups of one page each, compressed with Snappy. */
async function parquetFile(out: string): Promise<ResultWriter> {
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
          await move(temporary, out)
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

/** A text beside each clip that did not fail, as `describe --sidecar txt` writes it. Clips at addresses have none. Needs the units of the results. */
function sidecars(videos: string | null, overwrite: boolean): ResultWriter {
  const names = new SidecarNames('txt', [])
  return {
    async write(page) {
      for (const result of page) {
        const { text, error } = resultRow(result)
        const file = submittedFile(result)
        if (error !== '' || file === '' || isAddress(file)) continue
        await writeSidecar(await names.of(resolve(videos ?? '.', file)), text, { overwrite })
      }
    },
    finish: async () => {},
    close: async () => {},
  }
}

/** The clip of a result as it was submitted: a result has its path on the worker's machine. */
function submittedFile(result: StoredResult): string {
  const { file } = resultRow(result)
  if (result.content === null) return file
  const unit = unitSchema.parse(JSON.parse(result.content))
  const submitted = unit.kind === 'sample' ? clipsOf(unit.sample)[0]?.file : unit.file
  return typeof submitted === 'string' && !isPlaceholder(submitted) ? submitted : file
}

function temporaryFor(out: string): string {
  if (out === '') throw new TarsierError('usage', 'Give the file of the export with --out.')
  return join(dirname(out), `.${basename(out)}.${randomUUID()}.part`)
}

function failing(out: string): (error: unknown) => never {
  return (error) => {
    throw writeError(out, error)
  }
}
