import type { ClipEvents } from '../../shared/clip-events.ts'
import { oneLine, wellFormed } from './plain-text.ts'

/** Name of the clip's file without its folder, on one line. */
export function clipName({ file }: ClipEvents): string {
  return oneLine(file.split(/[\\/]/).at(-1) ?? '') || 'clip'
}

/**
 * URL of the clip's file, for programs that open it: `file:` for an absolute path of any system, else relative to the exported file. `localhost` and
 * the escaped colon of a drive are how Premiere Pro writes it.
 */
export function clipUrl({ file }: ClipEvents, style: 'plain' | 'premiere'): string {
  const isWindows = /^([A-Za-z]:[\\/]|\\\\)/.test(file)
  const parts = isWindows ? file.split(/[\\/]/) : file.split('/')
  const path = parts.map((part) => encodeURIComponent(wellFormed(part))).join('/')
  const host = style === 'premiere' ? 'localhost' : ''
  if (/^[A-Za-z]:[\\/]/.test(file)) return `file://${host}/${style === 'premiere' ? path : path.replace('%3A', ':')}`
  if (isWindows) return `file:${path}`
  return file.startsWith('/') ? `file://${host}${path}` : path
}
