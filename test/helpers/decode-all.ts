import { createHash } from 'node:crypto'
import { AV_PKT_FLAG_DISCARD, AVMEDIA_TYPE_VIDEO } from 'node-av/constants'
import { Codec, CodecContext, FormatContext, Frame, Packet } from 'node-av/lib'

/**
 * Digests of all pictures that FFmpeg shows of a file when it decodes from the start with defaults. Players do the same, and every way of
 * finding single frames has to give the same pictures. With `everything`, includes pictures that an edit list hides.
 */
export async function decodeAll(path: string, everything = false): Promise<string[]> {
  const format = new FormatContext()
  using decoder = new CodecContext()
  using packet = new Packet()
  packet.alloc()
  using frame = new Frame()
  frame.alloc()
  try {
    if ((await format.openInput(`file:${path}`, null, null)) < 0) throw new Error(`${path} cannot be opened`)
    await format.findStreamInfo(null)
    const stream = format.streams[format.findBestStream(AVMEDIA_TYPE_VIDEO)]
    const codec = stream && Codec.findDecoder(stream.codecpar.codecId)
    if (!stream || !codec) throw new Error(`${path} has no video`)
    decoder.allocContext3(codec)
    decoder.parametersToContext(stream.codecpar)
    decoder.pktTimebase = stream.timeBase
    await decoder.open2(codec, null)
    const digests: string[] = []
    const drain = async () => {
      while ((await decoder.receiveFrame(frame)) >= 0) {
        digests.push(pictureDigest(frame))
        frame.unref()
      }
    }
    while ((await format.readFrame(packet)) >= 0) {
      if (packet.streamIndex === stream.index) {
        if (everything) packet.clearFlags(AV_PKT_FLAG_DISCARD)
        await decoder.sendPacket(packet)
        await drain()
      }
      packet.unref()
    }
    await decoder.sendPacket(null)
    await drain()
    return digests
  } finally {
    await format.closeInput()
  }
}

/** A digest of the decoded picture, before any conversion. */
export function pictureDigest(frame: Frame): string {
  return createHash('sha256').update(frame.toBuffer()).digest('hex')
}
