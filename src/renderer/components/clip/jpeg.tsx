import { useEffect, useRef } from 'react'

interface JpegProps {
  /** Base64-encoded. */
  readonly jpeg: string
  /** Accessible name; empty if adjacent text describes the picture. */
  readonly label: string
  readonly className?: string
}

/** Draws a JPEG from a service response on a canvas. */
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
    // If decoding fails, the canvas stays empty; the label still describes the picture.
    decodeJpeg(jpeg).then(draw, () => {})
    return () => {
      unmounted = true
    }
  }, [jpeg])
  const spoken = label === '' ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label }
  return <canvas ref={canvas} {...spoken} className={className} width="16" height="9" />
}

/** Decodes a base64 JPEG for drawing. No URL is created, because the content security policy allows neither `data:` nor `blob:`. */
async function decodeJpeg(base64: string): Promise<ImageBitmap> {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }))
}
