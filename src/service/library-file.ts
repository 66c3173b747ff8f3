import { join } from 'node:path'
import { z } from 'zod'
import type { StoredClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import { storedAnswerSchema, storedErrorSchema, storedMetadataSchema } from '../library/stored-json.ts'
import { clipEventsSchema } from '../shared/clip-events.ts'
import { askSettingsSchema } from '../shared/contract/asking.ts'
import { idSchema, type TextFile } from '../shared/contract/base.ts'
import type { Turn } from '../shared/contract/chats.ts'
import { findEventsSettingsSchema } from '../shared/contract/events.ts'
import { TarsierError } from '../shared/errors.ts'
import { firstIssue } from '../shared/schema-issue.ts'
import { timedTextSchema } from '../shared/timed-text.ts'

const FORMAT = 'tarsier-library'
/** Version 2 added events and times of answers, version 3 the other versions of answers, version 4 whether a clip was uploaded, and its given name. */
const VERSION = 4

const text = z.string().max(10_000_000)
const answerSchema = z
  .object({
    version: z.int().min(0).default(0),
    settings: askSettingsSchema,
    model: z.string().max(200),
    state: z.enum(['running', 'done', 'stopped', 'cut-off', 'failed']),
    text,
    answer: storedAnswerSchema,
    error: storedErrorSchema,
    // Earlier versions of the file had none.
    timed: timedTextSchema.nullable().default(null),
    created: z.number(),
  })
  .strict()
const turnSchema = answerSchema
  .extend({ index: z.int().min(0), question: text, otherVersions: z.array(answerSchema).max(10_000).default([]) })
  .strict()

const clipSchema = z
  .object({
    id: idSchema,
    path: z.string().max(32_768),
    // Earlier versions of the file had neither.
    given: z.string().max(32_768).exactOptional(),
    uploaded: z.boolean().default(false),
    name: z.string().max(1024),
    bytes: z.int().min(0),
    hash: z.string().nullable(),
    facts: storedMetadataSchema,
  })
  .strict()

const fileSchema = z
  .object({
    format: z.literal(FORMAT),
    version: z.literal([1, 2, 3, VERSION]),
    clips: z.array(clipSchema),
    chats: z.array(
      z
        .object({
          id: idSchema,
          clip: idSchema,
          title: z.string().max(200).nullable(),
          created: z.number(),
          updated: z.number(),
          turns: z.array(turnSchema),
        })
        .strict(),
    ),
    events: z
      .array(z.object({ clip: idSchema, settings: findEventsSettingsSchema, found: clipEventsSchema, created: z.number() }).strict())
      .default([]),
  })
  .strict()

/**
 * Exports conversations with all their data, and the metadata and stored events of their clips and of the clips with the given handles, without the
 * clips' files.
 */
export function exportLibrary(library: Library, chats: readonly string[], handles: readonly string[]): TextFile {
  const clips = new Map(handles.map((handle) => [handle, library.clips.get(handle)]))
  const conversations = chats.map((id) => {
    const { clip, created, updated } = library.chats.summary(id)
    if (!clips.has(clip)) clips.set(clip, library.clips.get(clip))
    return {
      id,
      clip,
      title: library.chats.ownTitle(id),
      created,
      updated,
      turns: library.chats.turns(id).map((turn) => exportedTurn(library, id, turn)),
    }
  })
  const file: z.input<typeof fileSchema> = {
    format: FORMAT,
    version: VERSION,
    clips: [...clips.values()].map(({ id, path, given, uploaded, name, bytes, hash, facts }) => ({
      id,
      path,
      given,
      uploaded,
      name,
      bytes,
      hash,
      facts: { ...facts, notices: [...facts.notices] },
    })),
    chats: conversations,
    events: [...clips].flatMap(([clip, { key }]) => {
      const stored = library.events.get(key)
      return stored ? [{ clip, ...stored }] : []
    }),
  }
  return { name: 'tarsier-library.json', mediaType: 'application/json', text: `${JSON.stringify(file)}\n` }
}

function exportedTurn(library: Library, chat: string, { versions, ...turn }: Turn): z.input<typeof turnSchema> {
  const all = versions > 1 ? library.chats.versions(chat, turn.index) : []
  return {
    ...turn,
    otherVersions: all
      .filter(({ version }) => version !== turn.version)
      .map(({ index: _, question: __, versions: ___, ...version }) => version),
  }
}

/**
 * Imports conversations and events that the library lacks, in one transaction. Throws `usage` if the text is not an export.
 * @param uploads folder of the uploaded copies of this library
 */
export function importLibrary(library: Library, uploads: string, content: string): { added: number; present: number } {
  const file = read(content)
  return library.transaction(() => {
    const keys = new Map<string, number>()
    for (const exported of file.clips) {
      const { id, ...clip } = { given: exported.path, ...exported, ...(exported.uploaded && { path: copyPath(uploads, exported) }) }
      // -1 never matches a file's time, so the file at that path is probed before it is used.
      keys.set(id, (sameClip(library, { id, ...clip }) ?? library.clips.add({ ...clip, modified: -1 }, id)).key)
    }
    const keyOf = (clip: string): number => {
      const key = keys.get(clip)
      if (key === undefined) throw notOne('an entry refers to a clip that is not in the file')
      return key
    }
    let added = 0
    for (const { clip, turns, ...chat } of file.chats) if (library.chats.restore(keyOf(clip), chat, turns)) added += 1
    for (const { clip, settings, found, created } of file.events) {
      if (library.events.get(keyOf(clip))) continue
      library.events.put(keyOf(clip), settings, found, created)
      added += 1
    }
    return { added, present: file.chats.length + file.events.length - added }
  })
}

/** The clip of the library that an exported one is: itself, a copy with its name or any copy; until both are hashed, a file of its name and size. */
function sameClip(
  { clips }: Library,
  { id, given, bytes, hash }: Pick<StoredClip, 'id' | 'given' | 'bytes' | 'hash'>,
): StoredClip | undefined {
  const itself = clips.find(id)
  if (itself) return itself
  const sameSize = clips.bySize(bytes)
  const copies = sameSize.filter((other) => hash !== null && other.hash === hash)
  const named = (other: StoredClip) => other.given === given
  return copies.find(named) ?? copies[0] ?? sameSize.find((other) => named(other) && (hash === null || other.hash === null))
}

/**
 * Path of an uploaded copy in this library's own folder, where there may be no such file. A copy is removed with its clip, so it must never be a file of
 * another library or of the user.
 */
function copyPath(uploads: string, { id, path }: { readonly id: string; readonly path: string }): string {
  const name = path.split(/[\\/]/).at(-1) ?? ''
  return join(uploads, /^[\w-]{22}(\.[a-z0-9]{1,5})?$/.test(name) ? name : id)
}

function read(content: string): z.output<typeof fileSchema> {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw notOne('it is not JSON', error)
  }
  const result = fileSchema.safeParse(value)
  if (result.success) return result.data
  throw notOne(firstIssue(result.error).text, result.error)
}

function notOne(why: string, cause?: unknown): TarsierError {
  return new TarsierError('usage', `The file is not an exported Tarsier library (${why}). Nothing was imported.`, { cause })
}
