import { z } from 'zod'
import type { StoredClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import { storedAnswerSchema, storedErrorSchema, storedMetadataSchema } from '../library/stored-json.ts'
import { askSettingsSchema } from '../shared/contract/asking.ts'
import { idSchema, type TextFile } from '../shared/contract/base.ts'
import { TarsierError } from '../shared/errors.ts'

const FORMAT = 'tarsier-library'
const VERSION = 1

const text = z.string().max(10_000_000)
const turnSchema = z
  .object({
    index: z.int().min(0),
    question: text,
    settings: askSettingsSchema,
    model: z.string().max(200),
    state: z.enum(['running', 'done', 'stopped', 'cut-off', 'failed']),
    text,
    answer: storedAnswerSchema,
    error: storedErrorSchema,
    created: z.number(),
  })
  .strict()

const fileSchema = z
  .object({
    format: z.literal(FORMAT),
    version: z.literal(VERSION),
    clips: z.array(
      z
        .object({
          id: idSchema,
          path: z.string().max(32_768),
          name: z.string().max(1024),
          bytes: z.int().min(0),
          hash: z.string().nullable(),
          facts: storedMetadataSchema,
        })
        .strict(),
    ),
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
  })
  .strict()

/** Exports conversations with all their data and their clips' metadata, without the clips' files. */
export function exportLibrary(library: Library, chats: readonly string[]): TextFile {
  const clips = new Map<string, StoredClip>()
  const conversations = chats.map((id) => {
    const { clip, created, updated } = library.chats.summary(id)
    if (!clips.has(clip)) clips.set(clip, library.clips.get(clip))
    return { id, clip, title: library.chats.ownTitle(id), created, updated, turns: library.chats.turns(id) }
  })
  const file: z.input<typeof fileSchema> = {
    format: FORMAT,
    version: VERSION,
    clips: [...clips.values()].map(({ id, path, name, bytes, hash, facts }) => ({
      id,
      path,
      name,
      bytes,
      hash,
      facts: { ...facts, notices: [...facts.notices] },
    })),
    chats: conversations.map((chat) => ({ ...chat, turns: [...chat.turns] })),
  }
  return { name: 'tarsier-library.json', mediaType: 'application/json', text: `${JSON.stringify(file)}\n` }
}

/** Imports conversations that the library lacks, in one transaction. Throws `usage` if the text is not an export. */
export function importLibrary(library: Library, content: string): { added: number; present: number } {
  const file = read(content)
  return library.transaction(() => {
    const keys = new Map<string, number>()
    for (const clip of file.clips) {
      const copies = clip.hash === null ? [] : library.clips.bySize(clip.bytes).filter(({ hash }) => hash === clip.hash)
      const same = copies.find(({ path }) => path === clip.path) ?? copies[0]
      // -1 never matches a file's time, so the file at that path is probed before it is used.
      keys.set(clip.id, (same ?? library.clips.add({ ...clip, given: clip.path, modified: -1, uploaded: false })).key)
    }
    let added = 0
    for (const { clip, turns, ...chat } of file.chats) {
      const key = keys.get(clip)
      if (key === undefined) throw notOne('a conversation refers to a clip that is not in the file')
      if (library.chats.restore(key, chat, turns)) added += 1
    }
    return { added, present: file.chats.length - added }
  })
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
  const [issue] = result.error.issues
  throw notOne(issue ? `${issue.path.join('.') || 'the file'}: ${issue.message}` : 'its structure is different', result.error)
}

function notOne(why: string, cause?: unknown): TarsierError {
  return new TarsierError('usage', `The file is not an exported Tarsier library (${why}). Nothing was imported.`, { cause })
}
