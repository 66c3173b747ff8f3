import { z } from 'zod'
import { markAfterClip } from '../language/clip-positions.ts'
import type { Language, Session } from '../language/types.ts'
import type { PrefixCache, PromptPart } from './prefix-cache.ts'
import type { ClipResources, PreparedClip } from './prepared-clip.ts'

/** Increased when prompts are split differently, because the resulting states differ slightly. */
const PIECES = 2

/**
 * Caches the KV of the start of a prompt (the tokens before the first clip, and the clip) on disk, so that a clip that is opened again
 * after a restart needs no decoding, encoding or prefill. Only whole states, because M-RoPE positions cannot be shifted.
 */
function headOf(wanted: readonly PromptPart[]): { before: readonly (readonly number[])[]; clip: PreparedClip } | null {
  const before: (readonly number[])[] = []
  for (const part of wanted) {
    if (part.kind === 'clip') return { before, clip: part.clip }
    before.push(part.tokens)
  }
  return null
}

type StateResources = ClipResources & { readonly language: Pick<Language, 'positions' | 'resultsKey'> }

function key(
  { manifest, language }: StateResources,
  before: readonly (readonly number[])[],
  { shape, leads }: PreparedClip,
): readonly unknown[] {
  return [PIECES, manifest.language.sha256, language.resultsKey, before, ...(shape.pace ? [shape.pace] : []), ...(leads ? [leads] : [])]
}

/**
 * Restores a new session from disk if the start of its prompt is cached. A state that does not match is not an error: the
 * start is evaluated.
 */
export async function restoreState(
  prefixCache: PrefixCache,
  wanted: readonly PromptPart[],
  resources: StateResources,
  signal: AbortSignal,
): Promise<boolean> {
  const { cache, language } = resources
  const head = headOf(wanted)
  if (!cache || !head || !(await cache.hasPrefix(head.clip.cachePrefix))) return false
  const { before, clip } = head
  const name = await clip.cacheName('state', signal, key(resources, before, clip))
  const path = name === null ? null : await cache.find(name)
  if (name === null || path === null) return false
  const restored = await prefixCache.session.restore(path)
  if (restored === null) {
    await cache.drop(name) // so that it is written again
    return false
  }
  let cells = 0
  for (const tokens of before) {
    cells += tokens.length
    prefixCache.add({ kind: 'tokens', tokens }, { cells, position: cells })
  }
  const end = markAfterClip(language.positions, { cells, position: cells }, clip.slices, clip.shape, clip.leads)
  prefixCache.add({ kind: 'clip', clip }, end)
  clip.recall(noticesIn(restored.note))
  await clip.close() // its frames will hardly be needed
  return true
}

/** Saves the session's KV for {@link restoreState}; tokens after the start are rewound when it is restored. */
export async function storeState(
  session: Session,
  wanted: readonly PromptPart[],
  resources: StateResources,
  signal: AbortSignal,
): Promise<void> {
  const { cache } = resources
  const head = headOf(wanted)
  // A clip that lost frames has fewer rows than its plan, and should be decoded again.
  if (!cache || !head || head.clip.frames.length !== head.clip.plan.indices.length) return
  const name = await head.clip.cacheName('state', signal, key(resources, head.before, head.clip))
  if (name === null || (await cache.find(name)) !== null) return
  const note = JSON.stringify(head.clip.decodingNotices)
  await cache.store(name, (path) => session.save(path, { note, signal }))
}

const noticesSchema = z.array(z.string())

/** Notices from decoding, stored with the state. */
function noticesIn(note: string): readonly string[] {
  return noticesSchema.parse(JSON.parse(note))
}
