import { endOfString } from '../engine/formats/safetensors/duplicate-key.ts'
import { isPlaceholder } from './annotations.ts'

const KEYS = ['"video_file"', '"image_file"']

/**
 * Replaces the placeholder in an annotation's line, also in a list of paths, with `path`. All other bytes stay unchanged, so that numbers and keys keep their meaning for
 * other programs. The line must be valid JSON.
 */
export function fillVideoFile(line: string, path: string): string {
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
      pieces.push(line.slice(taken, start), JSON.stringify(path))
      taken = end
    }
    key = KEYS.includes(string)
  }
  return pieces.join('') + line.slice(taken)
}
