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

/** What every procedure fails with: `data` is the error as it was thrown, its code stable, its message a sentence for people. */
export const FAILED = 'FAILED'

/** Where every procedure of the contract begins. An abort of the caller's signal is no failure: it reaches the work and ends it. */
export const procedure = oc.errors({ [FAILED]: { status: 422, message: 'It failed: see `data`.', data: errorDataSchema } })

/** What clips, chats and jobs are called by: 128 random bits, so that none can be guessed. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/, 'must be an id that this program gave')

/** The first of a long list, or from where the last page ended. */
export const pageSchema = z.object({ limit: z.int().min(1).max(500).default(50), cursor: z.string().max(200).optional() })

/** A part of a list. */
export interface Found<T> {
  readonly items: readonly T[]
  /** Of the whole list. */
  readonly total: number
}

export interface Page<T> extends Found<T> {
  /** To be given for the next page; null at the end. */
  readonly cursor: string | null
}

/** A file made for the person, to be saved under a name of their choice. */
export interface TextFile {
  readonly name: string
  readonly mediaType: string
  readonly text: string
}
