/** Suffix of folders whose images are the frames of one clip. */
export const FRAMES_ENDING = '.frames'

/** Extensions that Tarsier's own programs accept, and others that FFmpeg and sharp open. In folders, files with these extensions are not sniffed. */
export const mediaExtensions: readonly string[] =
  '.jpg .jpeg .png .apng .tif .tiff .webp .bmp .avif .gif .mp4 .m4v .avi .webm .mov .mkv .wmv .flv .f4v .mpg .mpeg .m2v .m2ts .mts .3gp .3g2 .ogv .vob .asf .mxf'.split(
    ' ',
  )
const MEDIA = new Set(mediaExtensions)

/** Image extensions that Tarsier's own programs accept, and others that sharp opens. */
const PICTURES = new Set('.jpg .jpeg .png .tif .tiff .webp .bmp .avif'.split(' '))

/** MPEG-4 brands of videos. Audio (`M4A `) and photos (`heic`) use the same container and are skipped in folders. */
const VIDEO_BRANDS = [
  'isom',
  'iso2',
  'iso3',
  'iso4',
  'iso5',
  'iso6',
  'mp41',
  'mp42',
  'avc1',
  'hvc1',
  'av01',
  'dash',
  'M4V ',
  'MSNV',
  'qt  ',
  'f4v ',
  '3gp',
  '3g2',
]

/** Number of bytes that {@link looksLikeMedia} needs. */
export const SNIFF_BYTES = 400

/** Whether a file name has the extension of a video, animation or image. */
export function hasMediaExtension(name: string): boolean {
  return MEDIA.has(extensionOf(name))
}

/** Whether a file name has the extension of an image. */
export function hasPictureExtension(name: string): boolean {
  return PICTURES.has(extensionOf(name))
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(dot).toLowerCase() : ''
}

/**
 * Whether a file is a video or an image, by its first bytes; for files in folders with other extensions.
 * This includes `.ts`, because most of those files are TypeScript and not transport streams.
 */
export function looksLikeMedia(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 16))
  if (text.slice(4, 8) === 'ftyp') return VIDEO_BRANDS.some((brand) => text.startsWith(brand, 8))
  if (text.startsWith('RIFF')) return text.startsWith('AVI ', 8) || text.startsWith('WEBP', 8)
  // Transport stream: each of the first 188-byte packets starts with a sync byte.
  if (head[0] === 0x47 && head[188] === 0x47 && head[376] === 0x47) return true
  return [
    '\x1a\x45\xdf\xa3', // Matroska, WebM
    'FLV\x01',
    '\x30\x26\xb2\x75\x8e\x66\xcf\x11', // ASF, WMV
    '\x00\x00\x01\xba', // MPEG program stream
    '\xff\xd8\xff', // JPEG
    '\x89PNG\r\n\x1a\n',
    'GIF87a',
    'GIF89a',
    'II*\x00', // TIFF
    'MM\x00*',
  ].some((magic) => text.startsWith(magic))
}
