import { useEffect, useRef } from 'react'
import { decodeJpeg } from '../../lib/picture.ts'

interface JpegProps {
  /** In base64. */
  readonly jpeg: string
  /** Empty for a picture that words stand beside. */
  readonly label: string
  readonly className?: string
}

/** A picture that came with an answer of the service, drawn pixel by pixel. */
export function Jpeg({ jpeg, label, className = '' }: JpegProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    let unmounted = false
    const draw = (bitmap: ImageBitmap) => {
      const element = canvas.current
      if (!unmounted && element) {
        element.width = bitmap.width
        element.height = bitmap.height
        element.getContext('2d')?.drawImage(bitmap, 0, 0)
      }
      bitmap.close()
    }
    // A picture that cannot be decoded leaves its place empty: the label still says what it is.
    decodeJpeg(jpeg).then(draw, () => {})
    return () => {
      unmounted = true
    }
  }, [jpeg])
  const spoken = label === '' ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label }
  return <canvas ref={canvas} {...spoken} className={className} width="16" height="9" />
}
