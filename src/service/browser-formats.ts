import type { MediaInfo } from '../engine/media/types.ts'

const PICTURES = ['jpeg', 'png', 'webp', 'gif', 'avif', 'bmp']
const MP4_FORMATS = ['mp4', 'mov', 'webm', 'ogg']
const CODECS = ['h264', 'vp8', 'vp9', 'av1']
/** Pixel formats that all browsers decode; 10-bit formats only for codecs that commonly use them (VP9, AV1). */
const PLAIN = ['yuv420p', 'yuvj420p']

/** Whether Chromium can show the file without conversion. */
export function browserPlays({ kind, container, codec, pixelFormat }: MediaInfo): boolean {
  const names = container.toLowerCase().split(',')
  if (kind === 'gif') return true
  if (kind === 'image') return names.some((name) => PICTURES.includes(name.replace(/_pipe$/, '')))
  const isMp4 = names.some((name) => MP4_FORMATS.includes(name)) || names.includes('matroska')
  const fine = (codec === 'vp9' || codec === 'av1') && pixelFormat.startsWith('yuv420p10')
  return isMp4 && CODECS.includes(codec) && (PLAIN.includes(pixelFormat) || fine)
}

/** Returns the media type of a file, from its content and not its name. */
export function mediaTypeOf({ kind, container }: MediaInfo): string {
  const names = container.toLowerCase().split(',')
  if (kind === 'gif') return `image/${container}`
  if (kind === 'image') return `image/${names[0]?.replace(/_pipe$/, '') ?? 'jpeg'}`
  if (names.includes('mp4') || names.includes('mov')) return 'video/mp4'
  if (names.includes('webm') || names.includes('matroska')) return 'video/webm'
  if (names.includes('ogg')) return 'video/ogg'
  return 'application/octet-stream'
}
