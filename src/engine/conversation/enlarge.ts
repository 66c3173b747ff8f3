import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { remove } from '../../platform/move.ts'
import type { Session } from '../language/types.ts'
import type { DiskCache } from './disk-cache.ts'
import { PrefixCache } from './prefix-cache.ts'

/**
 * Opens a larger session with the content of `smaller`. The KV is transferred through a file, because two contexts may not fit
 * in memory; if that fails, the new session is empty and everything is evaluated again.
 * The old session is closed, even if `open` throws.
 */
export async function enlarge(smaller: PrefixCache, cache: DiskCache | null, open: () => Promise<Session>): Promise<PrefixCache> {
  const path = await scratch(cache)
  try {
    const saved = path === null ? false : await succeeds(smaller.session.save(path))
    await smaller.session[Symbol.asyncDispose]()
    const larger = new PrefixCache(await open())
    if (saved && path !== null && (await larger.session.restore(path))) larger.take(smaller)
    return larger
  } finally {
    if (path !== null) await remove(cache ? path : dirname(path))
  }
}

async function scratch(cache: DiskCache | null): Promise<string | null> {
  try {
    return cache ? await cache.scratch() : join(await mkdtemp(join(tmpdir(), 'tarsier-')), 'state')
  } catch {
    return null // a full or read-only disk only costs time here
  }
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
