import { endOfString } from '../engine/formats/safetensors/duplicate-key.ts'
import { isPlaceholder } from './annotations.ts'

const KEYS = ['"video_file"', '"image_file"']

/**
 * An annotation's line with `path` in place of the placeholder. Everything else stays as it is, to the byte: numbers and keys mean to other
 * programs what they meant before. The line must be JSON.
 */
export function fillVideoFile(line: string, path: string): string {
  const pieces: string[] = []
  let taken = 0
  let key = false
  let end = 0
  for (let start = line.indexOf('"'); start >= 0; start = line.indexOf('"', end)) {
    const follows = key && line.slice(end, start).trim() === ':'
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
