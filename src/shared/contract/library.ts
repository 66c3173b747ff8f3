import { type } from '@orpc/contract'
import { z } from 'zod'
import { type Found, idSchema, procedure, type TextFile } from './base.ts'
import { exportFormats } from './batch.ts'
import type { ChatSummary } from './chats.ts'

/** A piece of text around what was searched for; `hit` marks the words themselves. */
export interface SnippetPart {
  readonly text: string
  readonly hit: boolean
}

export interface Hit {
  readonly chat: ChatSummary
  readonly clip: { readonly handle: string; readonly name: string; readonly kind: 'video' | 'image' | 'gif'; readonly present: boolean }
  /** The answer's beginning where nothing was searched for, else where the words stand. */
  readonly snippets: readonly {
    readonly turn: number
    readonly field: 'question' | 'answer' | 'name'
    readonly parts: readonly SnippetPart[]
  }[]
}

export const searchSchema = z.object({
  limit: z.int().min(1).max(500).default(50),
  /** How many of what is found come before the first that is wanted; 0 by default. */
  offset: z.int().min(0).max(1e9).optional(),
  /** Words that must all occur, the last one perhaps unfinished. Empty lists everything, the newest first. */
  text: z.string().max(1000).default(''),
  model: z.string().max(200).optional(),
  /** Only clips inside this folder, as `filters` names it. */
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
  /** What there is to filter by. */
  filters: procedure.output(type<Filters>()),
  /** Removes conversations, and clips that none is left about; files of the person stay. */
  remove: procedure.input(z.object({ chats: z.array(idSchema).min(1).max(100_000) })).output(type<{ readonly removed: number }>()),
  /** Conversations as a file; `library` is what `import` reads. All of them where none is named. */
  export: procedure
    .input(z.object({ chats: z.array(idSchema).max(100_000).optional(), format: z.enum([...exportFormats, 'library']) }))
    .output(type<TextFile>()),
  /** Adds what an export holds and is not here yet. Fails with `usage` for anything else. */
  import: procedure
    .input(z.object({ text: z.string().max(512 * 1024 * 1024) }))
    .output(type<{ readonly added: number; readonly present: number }>()),
}
