import type { Stats } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { hasMediaExtension, looksLikeMedia, SNIFF_BYTES } from '../engine/media/media-names.ts'
import { readFailure } from '../platform/file-failure.ts'
import { realPath } from '../platform/real-path.ts'
import { asTarsierError, TarsierError } from '../shared/errors.ts'

/**
 * A clip to process, or the error of a path without one. `file` is the path as the user gave it; for a clip in a folder, the folder as given
 * with the names below it.
 */
export interface FoundClip {
  readonly file: string
  readonly error?: TarsierError
}

/**
 * Finds the clips at paths: files as given, and folders recursively with entries sorted by name, so that the order is the same on all systems.
 * Hidden entries are skipped. A folder that is reached twice through symbolic links is searched once, and a file that is given twice is returned
 * once.
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
  let stats: Stats
  try {
    stats = await stat(path)
  } catch (error) {
    yield { file: path, error: asTarsierError(readFailure(path, error)) }
    return
  }
  if (stats.isFile()) yield { file: path }
  else if (!stats.isDirectory()) {
    yield {
      file: path,
      error: new TarsierError('not-media', `${path} is not a file or folder. Give a video, a picture or a folder of them.`),
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
        error: new TarsierError('nothing-found', `${path} contains no videos or pictures. Give another folder, or the files themselves.`),
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
    let stats: Stats
    try {
      stats = await stat(path)
    } catch (error) {
      // Report a dangling link only if its name is that of a clip.
      if (hasMediaExtension(name)) yield { file: path, error: asTarsierError(readFailure(path, error)) }
      continue
    }
    if (stats.isDirectory()) yield* clipsIn(path, visited, signal)
    else if (stats.isFile() && (hasMediaExtension(name) || (await startsLikeMedia(path)))) yield { file: path }
  }
}

/** Whether a file's content is that of a video or picture. */
export async function startsLikeMedia(path: string): Promise<boolean> {
  try {
    await using file = await open(path)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0)
    return looksLikeMedia(buffer.subarray(0, bytesRead))
  } catch {
    return false // an unreadable file without a media extension is not reported
  }
}
