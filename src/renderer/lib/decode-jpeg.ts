/**
 * Decodes a base64-encoded JPEG outside of the page's main thread. No URL is created, because the content security policy allows neither `data:` nor
 * `blob:`. `options` can reduce the picture while it is decoded.
 */
export function decodeJpeg(base64: string, options: ImageBitmapOptions = {}): Promise<ImageBitmap> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }), options)
}
