import type { EncodedFrame, PictureFormat } from '../engine/pictures.ts'
import type { TowerForm } from '../engine/vision/tower-form.ts'

/** Formats in which a server gets frames: `png` keeps every pixel, `fine-jpeg` takes about a third of the bytes. */
export const serverPictures = ['png', 'fine-jpeg'] as const satisfies readonly PictureFormat[]
export type ServerPictures = (typeof serverPictures)[number]

/**
 * How a clip is put into a request. Frames are a list of pictures in one `video_url`, which vLLM and `tarsier serve` accept. A server that fills
 * patches of several frames in time from neighbouring ones, as vLLM does, gets each frame `repeats` times, since the model's own program repeats it.
 */
export interface ClipForm {
  readonly repeats: number
  /** Fields of the request that have the server use all frames, at their size. */
  readonly further: object
}

/** vLLM would use the first 32 pictures of a list, and change the size of small ones. */
const EXACT = { media_io_kwargs: { video: { num_frames: -1 } }, mm_processor_kwargs: { do_resize: false } }

/** The forms to try, in this order. The second is for vLLM without `--trust-request-mm-kwargs`, the last for servers that repeat frames themselves. */
export function clipForms({ framesPerPatch, framesPerSlice }: TowerForm): readonly ClipForm[] {
  const repeats = framesPerPatch / framesPerSlice
  const repeated = [
    { repeats, further: EXACT },
    { repeats, further: {} },
  ]
  return repeats === 1 ? repeated : [...repeated, { repeats: 1, further: {} }]
}

/** A clip as a part of a message. */
export function clipPart(frames: readonly Pick<EncodedFrame, 'bytes'>[], { repeats }: ClipForm): object {
  const pictures = frames.flatMap(({ bytes }) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    return Array<string>(repeats).fill(text)
  })
  // Servers recognize a list by this media type, whatever the format of its pictures.
  return { type: 'video_url', video_url: { url: `data:video/jpeg;base64,${pictures.join(',')}` } }
}
