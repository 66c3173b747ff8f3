import sharp from 'sharp'
import type { Random } from '../../src/bench/moving-shapes/random.ts'
import type { Canvas } from '../../src/bench/moving-shapes/world.ts'

/** Returns how the frames of one clip are spoilt, as strong compression and small files spoil them, or null for clean frames. */
export function randomDegrading(random: Random): ((canvas: Canvas) => Promise<void>) | null {
  if (random.chance(0.6)) return null
  const quality = random.whole(15, 75)
  const shrink = random.chance(0.3) ? random.between(0.5, 0.95) : 1
  const colors = random.chance(0.12) ? random.whole(12, 64) : null
  return async ({ width, height, rgb }) => {
    const input = { raw: { width, height, channels: 3 } } as const
    const small = { width: Math.max(8, Math.round(width * shrink)), height: Math.max(8, Math.round(height * shrink)), fit: 'fill' } as const
    const encoded = sharp(rgb, input).resize(small)
    const file = await (colors === null ? encoded.jpeg({ quality }) : encoded.png({ palette: true, colors, dither: 1 })).toBuffer()
    const back = await sharp(file).resize({ width, height, fit: 'fill', kernel: 'cubic' }).removeAlpha().raw().toBuffer()
    rgb.set(back)
  }
}
