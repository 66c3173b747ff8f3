import { writeFile } from 'node:fs/promises'
import { AV_CODEC_FLAG_GLOBAL_HEADER } from 'node-av/constants'
import type { CodecContext } from 'node-av/lib'
import sharp from 'sharp'
import { shownSize } from '../../shared/media-metadata.ts'
import { openClip } from './open-clip.ts'
import { SoundEncoder } from './pieces/sound.ts'
import type { Clip } from './types.ts'
import { VideoClip } from './video-clip.ts'
import { VideoWriter } from './video-writer.ts'

/** Longer side of a preview, in pixels. */
const LONGER_SIDE = 1280
/** VP8: every Chromium plays it, including builds without licensed codecs, and encoding is faster than playback. */
const ENCODER = 'libvpx'
const ENCODER_OPTIONS = { deadline: 'realtime', 'cpu-used': '8', crf: '12', b: '4M', 'auto-alt-ref': '0' }
/** Ticks per second of the preview's timestamps. */
const TICKS = 1000
const KEYFRAME_EVERY = 15

/**
 * Converts a clip to a format that browsers show, upright and with square pixels: WebM with the clip's sound for videos and animations, with the
 * original frame times; JPEG for images. The file must not be used before this returns. `onProgress` receives values from 0 to 1.
 */
export async function writePreview(path: string, target: string, signal: AbortSignal, onProgress: (value: number) => void): Promise<void> {
  await using clip = await openClip(path, signal)
  if (clip.info.kind === 'image') await writePicture(clip, target, signal)
  else await writeVideo(clip, target, signal, onProgress)
  onProgress(1)
}

async function writePicture(clip: Clip, target: string, signal: AbortSignal): Promise<void> {
  for await (const { width, height, rgb } of clip.frames(clip.plan({ kind: 'indices', indices: [0] }), signal)) {
    const jpeg = sharp(rgb, { raw: { width, height, channels: 3 } })
      .resize(LONGER_SIDE * 2, LONGER_SIDE * 2, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 92 })
    // Written by Node, which supports longer paths on Windows than libvips.
    await writeFile(target, await jpeg.toBuffer())
  }
}

async function writeVideo(clip: Clip, target: string, signal: AbortSignal, onProgress: (value: number) => void): Promise<void> {
  const { frameCount } = clip.info
  const { width, height } = shownSize(clip.info)
  const scale = Math.min(1, LONGER_SIDE / Math.max(width, height))
  const even = (side: number) => Math.max(2, Math.round((side * scale) / 2) * 2)
  const format = {
    container: 'webm',
    encoder: ENCODER,
    width: even(width),
    height: even(height),
    ticks: TICKS,
    statesColours: true,
  } as const
  await using sound = await soundOf(clip, signal)
  const encoded = sound && { encoder: sound.encoder, packets: sound.packets(signal) }
  await using writer = new VideoWriter(target, { ...format, gop: KEYFRAME_EVERY, options: ENCODER_OPTIONS }, encoded)
  const plan = clip.plan({ kind: 'indices', indices: Array.from({ length: frameCount }, (_, i) => i) })
  let done = 0
  let tick = -1
  for await (const frame of clip.frames(plan, signal)) {
    signal.throwIfAborted()
    // Times must ascend; frames with the same time are written one tick apart.
    tick = Math.max(tick + 1, Math.round(frame.time * TICKS))
    await writer.write(frame, tick)
    done += 1
    onProgress(done / frameCount)
  }
  await writer.finish()
}

/** The sound of a video from its first frame on; null if there is none that can be decoded. */
async function soundOf(clip: Clip, signal: AbortSignal): Promise<SoundEncoder | null> {
  if (!(clip instanceof VideoClip)) return null
  const { index, timeBase } = clip.source
  const start = index.order === 'timestamps' ? ((index.ptsOf(0) ?? 0) * timeBase.num) / timeBase.den : 0
  const header = (encoder: CodecContext) => encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
  return await SoundEncoder.open(clip.info.path, { start, end: start + clip.info.duration }, header, signal, 'opus')
}
