import { type Animation, AnimationClip } from './animation-clip.ts'
import { isApng, isPng, parseApng } from './apng-file.ts'
import { refuseIndirection } from './containers.ts'
import { gifAnimation } from './gif-canvas.ts'
import { isGif } from './gif-file.ts'
import { isFramesFolder, readHead } from './local-file.ts'
import type { Clip } from './types.ts'
import { isAnimatedWebp, parseWebp } from './webp-file.ts'

/** Animations up to this size are loaded into memory; FFmpeg reads larger ones incrementally. */
const MAX_ANIMATION_BYTES = 2 ** 29

/**
 * Opens a video, an animation or an image. The type is detected from the content, not from the name, except for a folder of images (`FramesClip`).
 * The code for each is loaded when it is needed, because sharp and FFmpeg take a tenth of a second each. Throws `file-missing`, `file-unreadable`, `file-empty`,
 * `not-media`, `no-video` (sound only), `no-frames`.
 */
export async function openClip(path: string, signal: AbortSignal): Promise<Clip> {
  signal.throwIfAborted()
  if (await isFramesFolder(path)) return await (await import('./frames-clip.ts')).FramesClip.open(path, signal)
  const { bytes, head } = await readHead(path)
  signal.throwIfAborted()
  refuseIndirection(path, head)
  const parse = bytes <= MAX_ANIMATION_BYTES ? await animationParser(path, head) : null
  const animation = parse && (await AnimationClip.open(path, parse, signal))
  if (animation) return animation
  const picture = startsLikePicture(head) ? await (await import('./still-clip.ts')).StillClip.open(path, bytes, head) : null
  return picture ?? (await (await import('./video-clip.ts')).VideoClip.open(path, bytes, head, signal))
}

/** The parser of an animation's frames; null for other files. */
async function animationParser(path: string, head: Uint8Array): Promise<((bytes: Uint8Array) => Animation | null) | null> {
  if (isGif(head)) return gifAnimation
  const parse = isAnimatedWebp(head) ? parseWebp : isPng(head) && (await isApng(path)) ? parseApng : null
  if (parse === null) return null
  const { layeredAnimation } = await import('./layered-canvas.ts')
  return (bytes) => layeredAnimation(parse(bytes))
}

/** Formats that sharp reads. The brands of HEIF distinguish images from videos in the same container. */
function startsLikePicture(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 16))
  if (text.startsWith('RIFF')) return text.startsWith('WEBP', 8)
  if (text.startsWith('ftyp', 4)) return ['avif', 'avis', 'heic', 'heix', 'mif1', 'msf1'].some((brand) => text.startsWith(brand, 8))
  return ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((magic) => text.startsWith(magic))
}
