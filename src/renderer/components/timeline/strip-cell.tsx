import { useEffect, useRef } from 'react'
import { decodeJpeg } from '../../lib/decode-jpeg.ts'
import type { StripPicture } from '../../stores/strip.ts'

/** Decoded pictures, which are kept as long as the pictures themselves: while the timeline is zoomed, cells get other pictures all the time. */
const decoded = new WeakMap<StripPicture, Promise<ImageBitmap>>()

/** A cell is wider than its ratio of sides by up to this factor, because the cells fill the timeline. */
const RESERVE = 1.25

interface StripCellProps {
  readonly picture: StripPicture
  /** Ratio of the sides in which players show the picture, which is stored in the shape that the model receives. */
  readonly shape: number
  /** Height of the cell in pixels, and the least ratio of a cell's sides. */
  readonly height: number
  readonly leastRatio: number
}

/** A picture of the timeline, which fills its cell. The strip is hidden from screen readers. */
export function StripCell({ picture, shape, height, leastRatio }: StripCellProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    let replaced = false
    const draw = (bitmap: ImageBitmap) => {
      const element = canvas.current
      if (replaced || !element) return
      element.width = bitmap.width
      element.height = bitmap.height
      element.getContext('2d')?.drawImage(bitmap, 0, 0)
    }
    // If decoding fails, the cell stays as it is.
    reduced(picture, shape, height, leastRatio).then(draw, () => {})
    return () => {
      replaced = true
    }
  }, [picture, shape, height, leastRatio])
  return <canvas ref={canvas} className="size-full object-cover" width="16" height="9" />
}

/** The picture with as few pixels as its cell needs. */
function reduced(picture: StripPicture, shape: number, height: number, leastRatio: number): Promise<ImageBitmap> {
  const found = decoded.get(picture)
  if (found) return found
  const pixels = Math.ceil(RESERVE * height * devicePixelRatio)
  const resizeHeight = shape < leastRatio ? Math.ceil((leastRatio * pixels) / shape) : pixels
  const size = { resizeWidth: Math.ceil(resizeHeight * shape), resizeHeight }
  const made = decodeJpeg(picture.jpeg, { ...size, resizeQuality: 'medium' })
  decoded.set(picture, made)
  return made
}
