import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import sharp from 'sharp'

type Colour = readonly [red: number, green: number, blue: number]

async function square(size: number, [r, g, b]: Colour): Promise<Buffer> {
  return sharp({ create: { width: size, height: size, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer()
}

export async function writePicture(path: string, colour: Colour = [200, 40, 40]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, await square(64, colour))
}

/** A clip of `frames` frames at ten frames per second that darkens. */
export async function writeClip(path: string, frames = 12): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const pictures = await Promise.all(Array.from({ length: frames }, (_, i) => square(64, [250 - 8 * i, 60, 10 * i])))
  await sharp(pictures, { join: { animated: true } })
    .gif({ delay: pictures.map(() => 100) })
    .toFile(path)
}

/** One second of silence: a WAV file, which FFmpeg opens and which has no video stream. */
export async function writeSound(path: string): Promise<void> {
  const rate = 8000
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + rate, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20) // PCM
  header.writeUInt16LE(1, 22) // one channel
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate, 28) // bytes a second
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34) // bits
  header.write('data', 36)
  header.writeUInt32LE(rate, 40)
  await writeFile(path, Buffer.concat([header, Buffer.alloc(rate, 128)]))
}
