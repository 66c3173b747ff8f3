import { join } from 'node:path'
import type { z } from 'zod'
import { readFailure } from '../../platform/file-failure.ts'
import type { ErrorCode } from '../../shared/error-codes.ts'
import { TarsierError } from '../../shared/errors.ts'
import { firstIssue } from '../../shared/schema-issue.ts'
import { type ContainOptions, openContained, readExactly } from './contained-file.ts'

/**
 * Maximum size of a text file in a model folder, which is read as a whole. Tokenizers are about 10 MB; parsed JSON with nothing but
 * brackets needs twenty times its size in memory.
 */
const MAX_TEXT_BYTES = 32_000_000

/** Reads a text file directly in a folder; null if there is none. Throws `model-damaged` for files that are too large or not UTF-8. */
export async function readTextFile(directory: string, name: string, options: ContainOptions = {}): Promise<string | null> {
  const path = join(directory, name)
  const file = await openContained(directory, name, options)
  if (file === null) return null
  try {
    const { size } = await file.stat()
    if (size > MAX_TEXT_BYTES) throw new TarsierError('model-damaged', `${path} is too large (${size} bytes).`)
    const bytes = new Uint8Array(size)
    await readExactly(file, bytes, 0, path)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) throw new TarsierError('model-damaged', `${path} is not UTF-8 text.`, { cause: error })
    throw readFailure(path, error)
  } finally {
    await file.close()
  }
}

/** Reads a JSON file directly in a folder, without validation; null if there is none. */
export async function readJsonFile(directory: string, name: string, options: ContainOptions = {}): Promise<unknown> {
  const text = await readTextFile(directory, name, options)
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TarsierError('model-damaged', `${join(directory, name)} is not JSON: ${why}. Download the file again.`, { cause: error })
  }
}

/** Validates `value` against the schema. The error message names the first invalid field. */
export function checkFields<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  path: string,
  code: ErrorCode = 'model-damaged',
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const { field, text } = firstIssue(parsed.error)
  throw new TarsierError(code, `${path}: ${text}.`, { cause: parsed.error, details: { field } })
}
