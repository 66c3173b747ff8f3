import { type } from '@orpc/contract'
import { z } from 'zod'
import { type Found, idSchema, procedure, type TextFile } from './base.ts'
import { exportFormats } from './batch.ts'
import type { ChatSummary } from './chats.ts'

/** Text around a match; `hit` marks the matching words. */
export interface SnippetPart {
  readonly text: string
  readonly hit: boolean
}

export interface Hit {
  readonly chat: ChatSummary
  readonly clip: { readonly handle: string; readonly name: string; readonly kind: 'video' | 'image' | 'gif'; readonly present: boolean }
  /** Matches of the search, or the start of the answer without a search. */
  readonly snippets: readonly {
    readonly turn: number
    readonly field: 'question' | 'answer' | 'name'
    readonly parts: readonly SnippetPart[]
  }[]
}

export const searchSchema = z.object({
  limit: z.int().min(1).max(500).default(50),
  /** Number of results to skip. Defaults to 0. */
  offset: z.int().min(0).max(1e9).optional(),
  /** Search terms. All must match, the last one as a prefix. An empty query lists all entries, newest first. */
  text: z.string().max(1000).default(''),
  model: z.string().max(200).optional(),
  /** Only clips in this folder, as named by `filters`. */
  folder: z.string().max(4096).optional(),
  kind: z.enum(['video', 'image', 'gif']).optional(),
  /** Milliseconds since 1970; `to` is exclusive. */
  from: z.number().optional(),
  to: z.number().optional(),
})
export type Search = z.infer<typeof searchSchema>

export interface Filters {
  readonly models: readonly string[]
  readonly folders: readonly string[]
}

export const libraryContract = {
  search: procedure.input(searchSchema).output(type<Found<Hit>>()),
  /** Values of the filters. */
  filters: procedure.output(type<Filters>()),
  /** Removes conversations, and clips without any conversation. The user's files are not touched. */
  remove: procedure.input(z.object({ chats: z.array(idSchema).min(1).max(100_000) })).output(type<{ readonly removed: number }>()),
  /** Exports conversations, all by default. `library` is the format that `import` reads. */
  export: procedure
    .input(z.object({ chats: z.array(idSchema).max(100_000).optional(), format: z.enum([...exportFormats, 'library']) }))
    .output(type<TextFile>()),
  /** Imports an export, without entries that exist already. Throws `usage` for other files. */
  import: procedure
    .input(z.object({ text: z.string().max(512 * 1024 * 1024) }))
    .output(type<{ readonly added: number; readonly present: number }>()),
}
