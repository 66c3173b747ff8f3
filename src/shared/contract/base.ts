import { oc } from '@orpc/contract'
import { z } from 'zod'
import { errorCodes } from '../error-codes.ts'
import type { ErrorData } from '../errors.ts'
import { remedies } from '../remedies.ts'

export const errorDetailsSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.union([z.string(), z.number()]))]),
)

export const errorDataSchema: z.ZodType<ErrorData> = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  details: errorDetailsSchema.exactOptional(),
  remedy: z.enum(remedies).exactOptional(),
})

/** Error of every procedure: `data` contains the stable code and the message for users. */
export const FAILED = 'FAILED'

/** Base of all procedures. Aborting the caller's signal is not an error: it is passed on and stops the work. */
export const procedure = oc.errors({ [FAILED]: { status: 422, message: 'It failed: see `data`.', data: errorDataSchema } })

/** Id of clips, chats and jobs: 128 random bits, so that it cannot be guessed. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/, 'must be an id that was issued by this program')

/** Selects the first page of a list, or the page after a cursor. */
export const pageSchema = z.object({ limit: z.int().min(1).max(500).default(50), cursor: z.string().max(200).optional() })

/** A page of a list. */
export interface Found<T> {
  readonly items: readonly T[]
  /** Length of the whole list. */
  readonly total: number
}

export interface Page<T> extends Found<T> {
  /** Cursor of the next page; null at the end. */
  readonly cursor: string | null
}

/** A generated file that the user can save. */
export interface TextFile {
  readonly name: string
  readonly mediaType: string
  readonly text: string
}
