import { useEffect, useRef } from 'react'
import { decodeJpeg } from '../../lib/decode-jpeg.ts'

interface JpegProps {
  /** Base64-encoded. */
  readonly jpeg: string
  /** Accessible name; empty if adjacent text describes the picture. */
  readonly label: string
  readonly className?: string
}

/** Shows a JPEG from a service response on a canvas. */
export function Jpeg({ jpeg, label, className = '' }: JpegProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    let unmounted = false
    const show = (bitmap: ImageBitmap) => {
      const element = canvas.current
      if (unmounted || !element) return bitmap.close()
      element.width = bitmap.width
      element.height = bitmap.height
      // Takes the decoded pixels over without copying them.
      element.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap)
    }
    // If decoding fails, the canvas stays empty; the label still describes the picture.
    decodeJpeg(jpeg).then(show, () => {})
    return () => {
      unmounted = true
    }
  }, [jpeg])
  const spoken = label === '' ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label }
  return <canvas ref={canvas} {...spoken} className={className} width="16" height="9" />
}
