import { AVERROR_EAGAIN, AVERROR_EOF, AVMEDIA_TYPE_AUDIO, type AVSampleFormat } from 'node-av/constants'
import {
  avChannelLayoutDescribe,
  avGetSampleFmtName,
  FFmpegError,
  Filter,
  type FilterContext,
  FilterGraph,
  Frame,
  type IRational,
} from 'node-av/lib'
import { TarsierError } from '../../../shared/errors.ts'

/** One of FFmpeg's filters with its options, both as its command line takes them. */
export type FilterStep = readonly [name: string, options: string]

/** Filters as FFmpeg's command line takes them. */
export function filterText(steps: readonly FilterStep[]): string {
  return steps.map(([name, options]) => (options === '' ? name : `${name}=${options}`)).join(',')
}

/** Passes frames of one stream through filters. The filters are made again when the size or format of the frames changes. */
export class FilterChain implements Disposable {
  readonly #steps: readonly FilterStep[]
  readonly #timeBase: IRational
  readonly #out = new Frame()
  #graph: FilterGraph | null = null
  #source: FilterContext | null = null
  #sink: FilterContext | null = null
  /** Properties of the frames for which the filters were made. */
  #made = ''

  constructor(steps: readonly FilterStep[], timeBase: IRational) {
    this.#steps = steps
    this.#timeBase = timeBase
    this.#out.alloc()
  }

  /** Filters a frame; null ends the stream. Each returned frame is valid until the next one is requested. Their times are in units of `timeBase`. */
  async *filter(frame: Frame | null): AsyncGenerator<Frame, void> {
    if (frame) {
      const needed = propertiesOf(frame)
      if (needed !== this.#made) {
        yield* this.#drain()
        this.#make(frame)
        this.#made = needed
      }
    }
    if (!this.#source) return
    const added = await this.#source.buffersrcAddFrame(frame)
    if (added !== AVERROR_EOF) check(added, 'took no frame') // EOF: a filter has all the frames that it wants
    yield* this.#pull()
  }

  /** Units of the times of filtered frames; null before the first frame. */
  get timeBase(): IRational | null {
    return this.#sink?.buffersinkGetTimeBase() ?? null
  }

  [Symbol.dispose](): void {
    this.#graph?.free()
    this.#out.free()
  }

  async *#drain(): AsyncGenerator<Frame, void> {
    if (!this.#source) return
    check(await this.#source.buffersrcAddFrame(null), 'did not end')
    yield* this.#pull()
  }

  async *#pull(): AsyncGenerator<Frame, void> {
    for (;;) {
      this.#out.unref()
      const got = (await this.#sink?.buffersinkGetFrame(this.#out)) ?? AVERROR_EOF
      if (got === AVERROR_EAGAIN || got === AVERROR_EOF) return
      check(got, 'failed')
      yield this.#out
    }
  }

  #make(frame: Frame): void {
    this.#graph?.free()
    const graph = new FilterGraph()
    graph.alloc()
    this.#graph = graph
    this.#source = frame.isAudio() ? soundSource(graph, frame, this.#timeBase) : pictureSource(graph, frame, this.#timeBase)
    let last = this.#source
    for (const [i, [name, options]] of this.#steps.entries()) {
      const next = made(graph, name, `${name}${i}`, options === '' ? null : options)
      check(last.link(0, next, 0), 'cannot be linked')
      last = next
    }
    this.#sink = made(graph, frame.isAudio() ? 'abuffersink' : 'buffersink', 'out', null)
    check(last.link(0, this.#sink, 0), 'cannot be linked')
    check(graph.configSync(), 'cannot be configured')
  }
}

function propertiesOf(frame: Frame): string {
  if (frame.getMediaType() === AVMEDIA_TYPE_AUDIO) return [frame.format, frame.sampleRate, layoutOf(frame)].join(' ')
  return [frame.format, frame.width, frame.height, frame.colorSpace, frame.colorRange].join(' ')
}

function pictureSource(graph: FilterGraph, frame: Frame, timeBase: IRational): FilterContext {
  const source = graph.allocFilter(named('buffer'), 'in')
  if (!source) throw missing('buffer')
  const { width, height, format, sampleAspectRatio, colorRange, colorSpace } = frame
  check(source.buffersrcParametersSet({ width, height, format, timeBase, sampleAspectRatio, colorRange, colorSpace }), 'took no format')
  check(source.init(null), 'cannot be started')
  return source
}

function soundSource(graph: FilterGraph, frame: Frame, { num, den }: IRational): FilterContext {
  const format = avGetSampleFmtName(frame.format as AVSampleFormat) ?? 'none'
  return made(
    graph,
    'abuffer',
    'in',
    `time_base=${num}/${den}:sample_rate=${frame.sampleRate}:sample_fmt=${format}:channel_layout=${layoutOf(frame)}`,
  )
}

function layoutOf(frame: Frame): string {
  const { mask, nbChannels } = frame.channelLayout
  return (mask === 0n ? null : avChannelLayoutDescribe(frame.channelLayout)) ?? `${nbChannels}c`
}

function made(graph: FilterGraph, name: string, label: string, options: string | null): FilterContext {
  const context = graph.createFilter(named(name), label, options)
  if (!context) throw new TarsierError('internal', `FFmpeg's filter ${name} did not accept "${options}". Please report it.`)
  return context
}

function named(name: string): Filter {
  const filter = Filter.getByName(name)
  if (!filter) throw missing(name)
  return filter
}

function missing(name: string): TarsierError {
  return new TarsierError('native-library', `The FFmpeg filter ${name} is missing, so clips cannot be cut. Install Tarsier again.`, {
    remedy: 'install-again',
  })
}

function check(code: number, what: string): void {
  if (code < 0) throw new TarsierError('internal', `FFmpeg's filters: one ${what}: ${FFmpegError.strerror(code)}. Please report it.`)
}
