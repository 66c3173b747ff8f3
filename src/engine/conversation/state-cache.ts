import type { Language, Session } from '../language/types.ts'
import { positionAfterClip } from './clip-positions.ts'
import type { HeldPrompt, PromptPart } from './held-prompt.ts'
import type { ClipResources, PreparedClip } from './prepared-clip.ts'

/**
 * The KV of a prompt's head (the tokens before the first clip, and the clip) kept on disk, so that a clip opened again
 * after a restart costs neither decoding nor encoding nor prefill. Whole states only: M-RoPE positions cannot be shifted.
 */
function headOf(wanted: readonly PromptPart[]): { before: readonly number[]; clip: PreparedClip } | null {
  const [first, second] = wanted
  if (first?.kind === 'clip') return { before: [], clip: first.clip }
  if (first?.kind === 'tokens' && second?.kind === 'clip') return { before: first.tokens, clip: second.clip }
  return null
}

/**
 * Fills a fresh session from disk when its prompt's head is kept there. A state that does not fit is not an error: the
 * head is evaluated.
 */
export async function restoreState(
  held: HeldPrompt,
  wanted: readonly PromptPart[],
  { cache, manifest, language }: ClipResources & { readonly language: Pick<Language, 'positions'> },
  signal: AbortSignal,
): Promise<boolean> {
  const head = headOf(wanted)
  if (!cache || !head || !(await cache.hasPrefix(head.clip.cachePrefix))) return false
  const { before, clip } = head
  const name = await clip.cacheName('state', signal, [manifest.language.sha256, before])
  const path = name === null ? null : await cache.find(name)
  if (name === null || path === null) return false
  if (!(await held.session.restore(path))) {
    await cache.drop(name) // so that it is written anew
    return false
  }
  if (before.length > 0) held.add({ kind: 'tokens', tokens: before }, { cells: before.length, position: before.length })
  const end = {
    cells: before.length + clip.cells,
    position: positionAfterClip(language.positions, before.length, clip.frames.length, clip.shape),
  }
  held.add({ kind: 'clip', clip }, end)
  await clip.close() // it will hardly be looked at
  return true
}

/** Keeps the session's KV for {@link restoreState}; what was evaluated after the head is simply rewound when it is read. */
export async function storeState(
  session: Session,
  wanted: readonly PromptPart[],
  { cache, manifest }: ClipResources,
  signal: AbortSignal,
): Promise<void> {
  const head = headOf(wanted)
  // A clip that lost frames has another length than its plan says, and is better looked at again.
  if (!cache || !head || head.clip.frames.length !== head.clip.plan.indices.length) return
  const name = await head.clip.cacheName('state', signal, [manifest.language.sha256, head.before])
  if (name === null || (await cache.find(name)) !== null) return
  await cache.store(name, (path) => session.save(path))
}
