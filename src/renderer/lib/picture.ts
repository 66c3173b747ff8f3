/** Decodes a base64 JPEG for drawing. No URL is created, because the content security policy allows neither `data:` nor `blob:`. */
export async function decodeJpeg(base64: string): Promise<ImageBitmap> {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }))
}
