/** What the name of a folder ends with whose pictures are the frames of one clip. */
export const FRAMES_ENDING = '.frames'

/** Extensions Tarsier's own programs take, and further ones FFmpeg and sharp open. Within a folder these are taken at their word. */
const MEDIA = new Set(
  '.jpg .jpeg .png .apng .tif .tiff .webp .bmp .avif .gif .mp4 .m4v .avi .webm .mov .mkv .wmv .flv .f4v .mpg .mpeg .m2v .m2ts .mts .3gp .3g2 .ogv .vob .asf .mxf'.split(
    ' ',
  ),
)

/** Pictures by Tarsier's own programs, and what sharp opens beside. */
const PICTURES = new Set('.jpg .jpeg .png .tif .tiff .webp .bmp .avif'.split(' '))

/** MPEG-4 brands of films; audio (`M4A `) and photographs (`heic`) share the container and are not meant when a folder is given. */
const FILM_BRANDS = [
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

/** Bytes {@link looksLikeMedia} wants to see. */
export const SNIFF_BYTES = 400

/** Whether a name ends as those of videos, animations and still pictures do. */
export function hasMediaExtension(name: string): boolean {
  return MEDIA.has(extensionOf(name))
}

/** Whether a name is that of a still picture. */
export function hasPictureExtension(name: string): boolean {
  return PICTURES.has(extensionOf(name))
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(dot).toLowerCase() : ''
}

/**
 * Whether a file's first bytes are those of a video or a picture; for files in folders whose name does not tell.
 * `.ts` is decided here too: far more of those are TypeScript than transport streams.
 */
export function looksLikeMedia(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 16))
  if (text.slice(4, 8) === 'ftyp') return FILM_BRANDS.some((brand) => text.startsWith(brand, 8))
  if (text.startsWith('RIFF')) return text.startsWith('AVI ', 8) || text.startsWith('WEBP', 8)
  // Transport stream: a sync byte at the start of each of the first packets of 188 bytes.
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
