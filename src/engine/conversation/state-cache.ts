import { z } from 'zod'
import { positionAfterClip } from '../language/clip-positions.ts'
import type { Language, Session } from '../language/types.ts'
import type { HeldPrompt, PromptPart } from './held-prompt.ts'
import type { ClipResources, PreparedClip } from './prepared-clip.ts'

/** Changes whenever prompts are evaluated in other pieces: a state made otherwise is not the same to the last bit. */
const PIECES = 2

/**
 * The KV of a prompt's head (the tokens before the first clip, and the clip) kept on disk, so that a clip opened again
 * after a restart costs neither decoding nor encoding nor prefill. Whole states only: M-RoPE positions cannot be shifted.
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

function facts({ manifest, language }: StateResources, before: readonly (readonly number[])[]): readonly unknown[] {
  return [PIECES, manifest.language.sha256, language.resultsKey, before]
}

/**
 * Fills a fresh session from disk when its prompt's head is kept there. A state that does not fit is not an error: the
 * head is evaluated.
 */
export async function restoreState(
  held: HeldPrompt,
  wanted: readonly PromptPart[],
  resources: StateResources,
  signal: AbortSignal,
): Promise<boolean> {
  const { cache, language } = resources
  const head = headOf(wanted)
  if (!cache || !head || !(await cache.hasPrefix(head.clip.cachePrefix))) return false
  const { before, clip } = head
  const name = await clip.cacheName('state', signal, facts(resources, before))
  const path = name === null ? null : await cache.find(name)
  if (name === null || path === null) return false
  const restored = await held.session.restore(path)
  if (restored === null) {
    await cache.drop(name) // so that it is written anew
    return false
  }
  let cells = 0
  for (const tokens of before) {
    cells += tokens.length
    held.add({ kind: 'tokens', tokens }, { cells, position: cells })
  }
  const end = { cells: cells + clip.cells, position: positionAfterClip(language.positions, cells, clip.frames.length, clip.shape) }
  held.add({ kind: 'clip', clip }, end)
  clip.recall(noticesIn(restored.note))
  await clip.close() // it will hardly be looked at
  return true
}

/** Keeps the session's KV for {@link restoreState}; what was evaluated after the head is simply rewound when it is read. */
export async function storeState(
  session: Session,
  wanted: readonly PromptPart[],
  resources: StateResources,
  signal: AbortSignal,
): Promise<void> {
  const { cache } = resources
  const head = headOf(wanted)
  // A clip that lost frames has another length than its plan says, and is better looked at again.
  if (!cache || !head || head.clip.frames.length !== head.clip.plan.indices.length) return
  const name = await head.clip.cacheName('state', signal, facts(resources, head.before))
  if (name === null || (await cache.find(name)) !== null) return
  const note = JSON.stringify(head.clip.decodingNotices)
  await cache.store(name, (path) => session.save(path, { note, signal }))
}

const noticesSchema = z.array(z.string())

/** What was found while the clip was decoded for the state. */
function noticesIn(note: string): readonly string[] {
  return noticesSchema.parse(JSON.parse(note))
}
