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

/** Excerpt of a matching text: of a turn (`version`: of an answer to its question that is not the present one), or of a segment or event of the clip, which the clip shows from `start` on, in seconds. */
export type Snippet =
  | { readonly field: 'question' | 'answer' | 'version' | 'name'; readonly turn: number; readonly parts: readonly SnippetPart[] }
  | { readonly field: 'event' | 'segment'; readonly start: number; readonly parts: readonly SnippetPart[] }

export interface Hit {
  /** The conversation; null for a clip with stored events that no conversation is about. */
  readonly chat: ChatSummary | null
  readonly clip: { readonly handle: string; readonly name: string; readonly kind: 'video' | 'image' | 'gif'; readonly present: boolean }
  /** Time of the last turn, or of the events. Milliseconds since 1970. */
  readonly updated: number
  /** Matches of the search; without a search the start of the answer or of the first segment. */
  readonly snippets: readonly Snippet[]
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
  /** Removes conversations, the events of `clips`, and those of their clips that nothing else refers to. The user's files are not touched. */
  remove: procedure
    .input(z.object({ chats: z.array(idSchema).max(100_000).default([]), clips: z.array(idSchema).max(100_000).default([]) }))
    .output(type<{ readonly removed: number }>()),
  /**
   * Exports conversations, and clips with events that are not in them; everything if neither is given. `library` is the format that `import` reads.
   */
  export: procedure
    .input(
      z.object({
        chats: z.array(idSchema).max(100_000).optional(),
        clips: z.array(idSchema).max(100_000).optional(),
        format: z.enum([...exportFormats, 'library']),
      }),
    )
    .output(type<TextFile>()),
  /** Imports an export, without entries that exist already. Throws `usage` for other files. */
  import: procedure
    .input(z.object({ text: z.string().max(512 * 1024 * 1024) }))
    .output(type<{ readonly added: number; readonly present: number }>()),
}
