import type { Stats } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { hasMediaExtension, looksLikeMedia, SNIFF_BYTES } from '../engine/media/media-names.ts'
import { readFailure } from '../platform/file-failure.ts'
import { realPath } from '../platform/real-path.ts'
import { asTarsierError, TarsierError } from '../shared/errors.ts'

/** A clip to work on, or why a path that was given leads to none. `file` is the path as the user gave it; of a clip in a folder, that folder's with the names below it. */
export interface FoundClip {
  readonly file: string
  readonly error?: TarsierError
}

/**
 * The clips behind paths: files as given, folders walked to the bottom, each folder's entries in order of their
 * names, so that two runs see the same order everywhere. Hidden entries are passed over, a folder reached twice
 * (symbolic links) is walked once, and a file given twice is taken once.
 */
export async function findClips(paths: readonly string[], signal: AbortSignal): Promise<FoundClip[]> {
  const found: FoundClip[] = []
  const seen = new Set<string>()
  for (const path of paths) {
    for await (const item of clipsBehind(path, signal)) {
      const key = resolve(item.file)
      if (seen.has(key)) continue
      seen.add(key)
      found.push(item)
    }
  }
  return found
}

async function* clipsBehind(path: string, signal: AbortSignal): AsyncGenerator<FoundClip> {
  let facts: Stats
  try {
    facts = await stat(path)
  } catch (error) {
    yield { file: path, error: asTarsierError(readFailure(path, error)) }
    return
  }
  if (facts.isFile()) yield { file: path }
  else if (!facts.isDirectory()) {
    yield {
      file: path,
      error: new TarsierError('not-media', `${path} is neither a file nor a folder. Give a video, a picture or a folder of them.`),
    }
  } else {
    let any = false
    for await (const item of clipsIn(path, new Set(), signal)) {
      any = true
      yield item
    }
    if (!any) {
      yield {
        file: path,
        error: new TarsierError(
          'nothing-found',
          `There is no video and no picture in ${path}. Give another folder, or the files themselves.`,
        ),
      }
    }
  }
}

async function* clipsIn(directory: string, visited: Set<string>, signal: AbortSignal): AsyncGenerator<FoundClip> {
  signal.throwIfAborted()
  let names: string[]
  try {
    const real = await realPath(directory)
    if (visited.has(real)) return
    visited.add(real)
    names = await readdir(directory)
  } catch (error) {
    yield { file: directory, error: asTarsierError(readFailure(directory, error)) }
    return
  }
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue
    const path = join(directory, name)
    let facts: Stats
    try {
      facts = await stat(path)
    } catch (error) {
      // A dangling link matters only where a clip seems to be missing.
      if (hasMediaExtension(name)) yield { file: path, error: asTarsierError(readFailure(path, error)) }
      continue
    }
    if (facts.isDirectory()) yield* clipsIn(path, visited, signal)
    else if (facts.isFile() && (hasMediaExtension(name) || (await startsLikeMedia(path)))) yield { file: path }
  }
}

/** Whether a file's content says that it is a video or a picture. */
export async function startsLikeMedia(path: string): Promise<boolean> {
  try {
    await using file = await open(path)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0)
    return looksLikeMedia(buffer.subarray(0, bytesRead))
  } catch {
    return false // nothing says that this is a clip, so that it cannot be read is no failure
  }
}
