import type { MediaInfo } from '../../engine/media/types.ts'

/** Media types by FFmpeg's name of the container. */
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
/** Codecs that WebM allows. FFmpeg uses one name for WebM and Matroska, of which WebM is a subset. */
const WEBM_CODECS = ['vp8', 'vp9', 'av1']

/** Returns the media type of a file by its content, not its name; the generic binary type if the content has none of its own. */
export function mediaTypeOf({ kind, container, codec }: Pick<MediaInfo, 'kind' | 'container' | 'codec'>): string {
  const [name = ''] = container.toLowerCase().split(',')
  if (kind === 'gif') return `image/${container}`
  if (kind === 'image') return `image/${name.replace(/_pipe$/, '')}`
  if (name === 'matroska') return WEBM_CODECS.includes(codec) ? 'video/webm' : 'video/x-matroska'
  return TYPES[name] ?? 'application/octet-stream'
}
