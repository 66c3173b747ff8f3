import {
  AV_CHANNEL_ORDER_NATIVE,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_SAMPLE_FMT_FLTP,
  AVERROR_EOF,
  AVMEDIA_TYPE_VIDEO,
  type FFEncoderCodec,
} from 'node-av/constants'
import { avGetSampleFmtName, Codec, CodecContext, FormatContext, Frame, Packet, Rational } from 'node-av/lib'
import { FilterChain } from '../../src/engine/media/pieces/filter-chain.ts'
import { type PieceContainer, PieceFile } from '../../src/engine/media/pieces/piece-file.ts'

const RATE = 48_000
const LAYOUT = { order: AV_CHANNEL_ORDER_NATIVE, nbChannels: 1, mask: 4n }
/** Seconds. */
const BEEP = 0.2

/** Copies the video of a file and adds sound: a beep at each whole second, silence otherwise. `codec` is FFmpeg's name of an encoder. */
export async function addBeeps(video: string, target: string, container: PieceContainer, codec: string, seconds: number): Promise<void> {
  const input = new FormatContext()
  if ((await input.openInput(`file:${video}`, null, null)) < 0) throw new Error(`${video} cannot be opened`)
  await input.findStreamInfo(null)
  const source = input.streams[input.findBestStream(AVMEDIA_TYPE_VIDEO)]
  const encoding = Codec.findEncoderByName(codec as FFEncoderCodec)
  if (!source || !encoding) throw new Error('no video, or no encoder')
  await using file = new PieceFile(target, container)
  using encoder = new CodecContext()
  encoder.allocContext3(encoding)
  encoder.sampleRate = RATE
  encoder.sampleFormat = (encoding.sampleFormats ?? [])[0] ?? AV_SAMPLE_FMT_FLTP
  encoder.channelLayout = LAYOUT
  encoder.timeBase = new Rational(1, RATE)
  if (file.wantsGlobalHeader) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
  if ((await encoder.open2(encoding, null)) < 0) throw new Error(`the encoder ${codec} cannot be opened`)
  const picture = file.copied(source, false)
  const sound = file.encoded(encoder)
  await file.begin()
  using packet = new Packet()
  packet.alloc()
  while ((await input.readFrame(packet)) >= 0) {
    if (packet.streamIndex === source.index) await file.write(packet, picture, source.timeBase)
    packet.unref()
  }
  const size = encoder.frameSize || 1024
  const drain = async () => {
    while ((await encoder.receivePacket(packet)) >= 0) await file.write(packet, sound, encoder.timeBase)
  }
  using chain = new FilterChain([['aformat', `sample_fmts=${avGetSampleFmtName(encoder.sampleFormat)}`]], encoder.timeBase)
  for (let at = 0; at < seconds * RATE; at += size) {
    using frame = Frame.fromAudioBuffer(beeps(at, size), {
      nbSamples: size,
      format: AV_SAMPLE_FMT_FLTP,
      sampleRate: RATE,
      channelLayout: LAYOUT,
    })
    frame.pts = BigInt(at)
    for await (const formatted of chain.filter(frame)) await encoder.sendFrame(formatted)
    await drain()
  }
  await encoder.sendFrame(null)
  await drain()
  await file.finish()
  await input.closeInput()
}

function beeps(from: number, count: number): Buffer {
  const samples = Float32Array.from({ length: count }, (_, i) => {
    const seconds = (from + i) / RATE
    return seconds % 1 < BEEP ? 0.5 * Math.sin(2 * Math.PI * 880 * seconds) : 0
  })
  return Buffer.from(samples.buffer)
}

/** When the sound of a file starts and ends, and when its beeps begin, in seconds of the file's clock; null without sound. */
export async function hearBeeps(
  path: string,
): Promise<{ readonly start: number; readonly end: number; readonly beeps: readonly number[] } | null> {
  const input = new FormatContext()
  if ((await input.openInput(`file:${path}`, null, null)) < 0) throw new Error(`${path} cannot be opened`)
  await input.findStreamInfo(null)
  const stream = input.streams.find(({ codecpar }) => codecpar.sampleRate > 0)
  const codec = stream && Codec.findDecoder(stream.codecpar.codecId)
  if (!stream || !codec) return null
  using decoder = new CodecContext()
  decoder.allocContext3(codec)
  decoder.parametersToContext(stream.codecpar)
  decoder.pktTimebase = stream.timeBase
  await decoder.open2(codec, null)
  using chain = new FilterChain([['aformat', 'sample_fmts=flt:channel_layouts=mono']], stream.timeBase)
  using packet = new Packet()
  packet.alloc()
  using frame = new Frame()
  frame.alloc()
  let [start, end] = [Number.POSITIVE_INFINITY, 0]
  const loud: number[] = []
  for (let more = true; more; ) {
    packet.unref()
    const read = await input.readFrame(packet)
    if (read < 0 && read !== AVERROR_EOF) throw new Error(`${path} is damaged`)
    more = read >= 0
    if (more && packet.streamIndex !== stream.index) continue
    await decoder.sendPacket(more ? packet : null)
    while ((await decoder.receiveFrame(frame)) >= 0) {
      for await (const mono of chain.filter(frame)) {
        const samples = new Float32Array(Uint8Array.from(mono.toBuffer()).buffer, 0, mono.nbSamples)
        const { num, den } = chain.timeBase ?? stream.timeBase
        const at = (Number(mono.pts) * num) / den
        start = Math.min(start, at)
        end = Math.max(end, at + mono.nbSamples / mono.sampleRate)
        for (const [i, sample] of samples.entries()) if (Math.abs(sample) > 0.15) loud.push(at + i / mono.sampleRate)
      }
      frame.unref()
    }
  }
  await input.closeInput()
  return { start, end, beeps: loud.filter((time, i) => i === 0 || time - (loud[i - 1] as number) > BEEP) }
}
