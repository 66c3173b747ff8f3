import { SWS_FAST_BILINEAR } from 'node-av/constants'
import { FFmpegError, Filter, type FilterContext, FilterGraph, Frame } from 'node-av/lib'
import { TarsierError } from '../../shared/errors.ts'
import { RgbConverter } from './rgb-converter.ts'

/** Length in pixels of the shorter side of the compared frames, and the maximum of the longer one. */
const SHORTER_SIDE = 96
const MAX_LONGER_SIDE = 384

/** FFmpeg's scene filter (`scdet`) over small frames. */
export class SceneFilter implements Disposable {
  readonly #graph = new FilterGraph()
  readonly #source: FilterContext
  readonly #sink: FilterContext
  readonly #converter: RgbConverter
  readonly #small = new Frame()
  readonly #compared = new Frame()
  #count = 0n

  /** @param size of the clip's upright or stored frames; frames of another size are scaled to the same small size */
  constructor({ width, height }: { readonly width: number; readonly height: number }) {
    const scale = Math.min(1, SHORTER_SIDE / Math.min(width, height), MAX_LONGER_SIDE / Math.max(width, height))
    const [w, h] = [width, height].map((side) => Math.max(2, Math.round(side * scale)))
    this.#converter = new RgbConverter(w as number, h as number, SWS_FAST_BILINEAR)
    this.#graph.alloc()
    this.#source = this.#filter('buffer', `video_size=${w}x${h}:pix_fmt=rgb24:time_base=1/1000:pixel_aspect=1/1`)
    const detector = this.#filter('scdet', 'threshold=100')
    this.#sink = this.#filter('buffersink', null)
    check(this.#source.link(0, detector, 0))
    check(detector.link(0, this.#sink, 0))
    check(this.#graph.configSync())
    this.#small.alloc()
    this.#compared.alloc()
  }

  /** Mean difference of a frame from that of the previous call, from 0 to 100 and 0 for the first; null if the frame's format cannot be converted. */
  async difference(frame: Frame): Promise<number | null> {
    if (!(await this.#converter.convertInto(this.#small, frame))) return null
    this.#small.pts = this.#count
    this.#count += 1n
    check(this.#source.buffersrcAddFrameSync(this.#small))
    check(this.#sink.buffersinkGetFrameSync(this.#compared))
    const difference = Number(this.#compared.getMetadata().get('lavfi.scd.mafd'))
    this.#compared.unref()
    this.#small.unref()
    return difference
  }

  [Symbol.dispose](): void {
    this.#graph.free()
    this.#converter[Symbol.dispose]()
    this.#compared.free()
    this.#small.free()
  }

  #filter(name: string, options: string | null): FilterContext {
    const filter = Filter.getByName(name)
    const context = filter && this.#graph.createFilter(filter, name, options)
    if (context) return context
    throw new TarsierError('native-library', `The FFmpeg filter ${name} is missing, so shots cannot be detected. Install Tarsier again.`, {
      remedy: 'install-again',
    })
  }
}

function check(code: number): void {
  if (code < 0) throw new TarsierError('internal', `FFmpeg's scene filter failed: ${FFmpegError.strerror(code)}. Please report it.`)
}
