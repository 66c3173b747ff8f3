import type { MediaInfo } from '../../engine/media/types.ts'

/** What FFmpeg calls containers, and what they are called on the wire. */
const TYPES: Readonly<Record<string, string>> = {
  mov: 'video/mp4',
  avi: 'video/x-msvideo',
  asf: 'video/x-ms-wmv',
  flv: 'video/x-flv',
  mpeg: 'video/mpeg',
  mpegvideo: 'video/mpeg',
  mpegts: 'video/mp2t',
  ogg: 'video/ogg',
}
/** What WebM may hold: FFmpeg has one name for it and for Matroska, whose part it is. */
const WEBM_CODECS = ['vp8', 'vp9', 'av1']

/** The media type of a file by what it is; its name says nothing. One that has no name of its own is only bytes. */
export function mediaTypeOf({ kind, container, codec }: Pick<MediaInfo, 'kind' | 'container' | 'codec'>): string {
  const [name = ''] = container.toLowerCase().split(',')
  if (kind === 'gif') return `image/${container}`
  if (kind === 'image') return `image/${name.replace(/_pipe$/, '')}`
  if (name === 'matroska') return WEBM_CODECS.includes(codec) ? 'video/webm' : 'video/x-matroska'
  return TYPES[name] ?? 'application/octet-stream'
}
