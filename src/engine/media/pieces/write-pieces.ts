import { avGetCodecName } from 'node-av/lib'
import { TarsierError } from '../../../shared/errors.ts'
import { openClip } from '../open-clip.ts'
import { type RgbColours, VideoClip } from '../video-clip.ts'
import { copyPiece } from './copy-piece.ts'
import { encodePiece } from './encode-piece.ts'
import type { PieceContainer } from './piece-file.ts'
import { type CutMode, type PieceFrames, planFramesOf, type TimeRange } from './piece-plan.ts'
import { beginsAt } from './same-picture.ts'
import { isDecodable, SoundAndPicture } from './sound.ts'

/** How a piece is written. Plain data, so that another program or process can write it. */
export interface PiecePlan extends PieceFrames {
  readonly container: PieceContainer
  /** When each frame is shown, in seconds from the first frame of the piece. */
  readonly times: readonly number[]
  /** Number of the stream of sound; null if there is none, or it cannot be in the piece. */
  readonly sound: number | null
  /** Whether the file has sound that cannot be in the piece: it cannot be decoded, or the frames have no times to which it belongs. */
  readonly losesSound: boolean
  /** Where the piece lies in the file, for programs that read it on their own; null if its packets have no times of their own. */
  readonly place: PiecePlace | null
}

/** Times in ticks of the video stream. */
export interface PiecePlace {
  readonly stream: number
  readonly secondsPerTick: number
  /** Of the first frame. */
  readonly from: number
  /** Of the last frame. */
  readonly last: number
  /** Of the clip's first frame. */
  readonly origin: number
  /** Size of upright frames. */
  readonly width: number
  readonly height: number
  /** Width of a pixel of upright frames, divided by its height. */
  readonly aspect: { readonly num: number; readonly den: number }
  /** Null unless the frames are red, green and blue. */
  readonly rgb: RgbColours | null
  /** Whether upright frames are mirrored, which not every version of FFmpeg does on its own. */
  readonly mirrored: boolean
}

/** Codecs that players expect in MP4, by FFmpeg's names. */
const MP4_PICTURES = ['h264', 'hevc', 'av1', 'vp9', 'mpeg4']
const MP4_SOUND = ['aac', 'mp3', 'ac3', 'eac3', 'alac', 'opus', 'flac']
const WEBM_SOUND = ['opus', 'vorbis']

/** Plans the pieces of a clip. Throws `invalid-range` for a still picture, and as `openClip` does. */
export async function planPieces(path: string, ranges: readonly TimeRange[], mode: CutMode, signal: AbortSignal): Promise<PiecePlan[]> {
  await using clip = await openClip(path, signal)
  const { info } = clip
  if (info.duration === 0) throw new TarsierError('invalid-range', `${path} is a picture. Only videos and animations can be cut.`)
  const all = Array.from({ length: info.frameCount }, (_, i) => i)
  const times = { times: clip.plan({ kind: 'indices', indices: all }).times, duration: info.duration }
  const found = clip instanceof VideoClip ? await soundOf(path, signal) : null
  const source = clip instanceof VideoClip ? clip.source : null
  return ranges.map((range) => {
    const frames = planFramesOf(times, source?.wholeFrames ? source.index : null, range, mode)
    const start = times.times[frames.first] ?? 0
    const shown = times.times.slice(frames.first, frames.last + 1).map((time) => time - start)
    const from = source?.index.order === 'timestamps' ? source.index.ptsOf(frames.first) : null
    const container = frames.copied ? containerFor(info.codec, found?.sound?.codec ?? null) : 'mp4'
    if (!source || from === null)
      return { ...frames, times: shown, container, sound: null, losesSound: found?.present ?? false, place: null }
    const { num, den } = source.timeBase
    const place: PiecePlace = {
      stream: source.stream,
      secondsPerTick: num / den,
      from,
      last: source.index.ptsOf(frames.last) ?? from,
      origin: source.index.ptsOf(0) ?? 0,
      width: info.width,
      height: info.height,
      aspect: source.aspect,
      rgb: source.rgb,
      mirrored: source.orientation.mirrored,
    }
    const sound = found?.sound?.index ?? null
    return { ...frames, times: shown, container, sound, losesSound: (found?.present ?? false) && sound === null, place }
  })
}

/** Writes a planned piece with FFmpeg's libraries in this process. `onProgress` gets values from 0 to 1. */
export async function writePiece(
  path: string,
  plan: PiecePlan,
  target: string,
  signal: AbortSignal,
  onProgress: (value: number) => void,
): Promise<void> {
  const total = plan.copied?.count ?? plan.last - plan.first + 1
  let done = 0
  const onFrame = () => {
    done += 1
    onProgress(Math.min(1, done / total))
  }
  const { place, copied } = plan
  if (copied && place) {
    const end = place.origin + Math.round(plan.range.end / place.secondsPerTick)
    const piece = {
      container: plan.container,
      stream: place.stream,
      sound: plan.sound,
      count: copied.count,
      from: copied.from,
      last: place.last,
      end,
    }
    await copyPiece(path, piece, target, signal, onFrame)
    return
  }
  await using clip = await openClip(path, signal)
  const soundOffset = plan.sound === null || !place ? null : place.origin * place.secondsPerTick
  await encodePiece(clip, { first: plan.first, last: plan.last, range: plan.range, soundOffset }, target, signal, onFrame)
}

/**
 * Whether a written piece has exactly the frames of its plan, at their times, and begins with the same picture: another version of FFmpeg may cut
 * differently.
 */
export async function pieceMatches(
  path: string,
  { times, copied, place }: PiecePlan,
  target: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    {
      await using piece = await openClip(target, signal)
      const { frameCount, rotation } = piece.info
      if (frameCount !== times.length || (copied === null && rotation !== 0)) return false
      const found = piece.plan({ kind: 'indices', indices: Array.from(times.keys()) }).times
      if (found.some((time, i) => Math.abs(time - (times[i] ?? 0)) >= TOLERANCE)) return false
    }
    return place === null || (await beginsAt(path, place.from, target, signal))
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TarsierError && error.code !== 'internal') return false
    throw error
  }
}

/** Seconds. Containers round times to milliseconds. */
const TOLERANCE = 0.0015

/** The sound for pieces; `present` is also true for sound that cannot be decoded, which fits into no container either. */
async function soundOf(path: string, signal: AbortSignal) {
  await using media = await SoundAndPicture.open(path, signal)
  const { sound, hasSound } = media
  if (!sound || !isDecodable(sound)) return { present: hasSound, sound: null }
  return { present: true, sound: { index: sound.index, codec: avGetCodecName(sound.codecpar.codecId) ?? 'unknown' } }
}

function containerFor(picture: string, sound: string | null): PieceContainer {
  if (MP4_PICTURES.includes(picture) && (sound === null || MP4_SOUND.includes(sound))) return 'mp4'
  return picture === 'vp8' && (sound === null || WEBM_SOUND.includes(sound)) ? 'webm' : 'matroska'
}
