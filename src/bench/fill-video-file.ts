import { endOfString } from '../engine/formats/safetensors/duplicate-key.ts'
import { isPlaceholder } from './annotations.ts'
import type { ClipFile } from './locate-videos.ts'

const KEYS = ['"video_file"', '"image_file"']

/**
 * Replaces the placeholder in an annotation's line, also in a list of paths, with the path or the list of paths of a clip. All other bytes stay unchanged, so that numbers and keys keep their meaning for
 * other programs. The line must be valid JSON.
 */
export function fillVideoFile(line: string, clip: ClipFile): string {
  const pieces: string[] = []
  let taken = 0
  let key = false
  let inList = false
  let end = 0
  for (let start = line.indexOf('"'); start >= 0; start = line.indexOf('"', end)) {
    const between = line.slice(end, start).trim()
    const follows: boolean = key ? /^:\s*\[?$/.test(between) : inList && between === ','
    inList = follows && (inList || between.endsWith('['))
    end = endOfString(line, start)
    const string = line.slice(start, end)
    if (follows && isPlaceholder(string)) {
      const filled = inList ? JSON.stringify([clip].flat()).slice(1, -1) : JSON.stringify(clip)
      pieces.push(line.slice(taken, start), filled)
      taken = end
    }
    key = KEYS.includes(string)
  }
  return pieces.join('') + line.slice(taken)
}
