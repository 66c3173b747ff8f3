/** A JPEG in base64 as something that can be drawn. No address is made of it: the page's policy knows no `data:` and no `blob:`. */
export async function decodeJpeg(base64: string): Promise<ImageBitmap> {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }))
}
