import sharp, { type Metadata, type Sharp } from 'sharp'

/** Formats other than `plain` are those for which libvips and Pillow's `convert('RGB')` differ; they are converted here as Pillow does. */
export type PixelForm = 'plain' | 'cmyk' | 'grey16'

export interface DecodedPicture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

export interface DecodeOptions {
  readonly form: PixelForm
  /** Whether to return RGBA, four bytes per pixel; otherwise RGB, three bytes per pixel, with the alpha channel dropped. */
  readonly alpha: boolean
  /** `none` decodes as much of a damaged file as possible. */
  readonly failOn: 'warning' | 'none'
  /** Larger images are rejected with an error. */
  readonly maxPixels: number
}

/** `head` contains the file's first bytes, because sharp does not report the bit depth of a PNG or whether its alpha is a channel. */
export function pixelForm({ space, channels }: Metadata, head: Uint8Array): PixelForm {
  if (space === 'cmyk') return 'cmyk'
  // Pillow treats grey with alpha differently, unless the PNG only declares a single transparent grey value.
  const onlyGrey = channels === 1 || (head[0] === 0x89 && head[25] === 0)
  return space === 'grey16' && onlyGrey ? 'grey16' : 'plain'
}

/**
 * Decodes the content of a JPEG, PNG, TIFF, WebP or AVIF file, rotated by EXIF, with the pixel values of Pillow's `convert('RGB')` or
 * `convert('RGBA')`: colour profiles are ignored, also for CMYK; 16-bit greys are clamped to 255, while 16-bit colours
 * keep their high byte.
 */
export async function decodePicture(file: Uint8Array, options: DecodeOptions): Promise<DecodedPicture> {
  const { form, alpha, failOn, maxPixels } = options
  const picture = sharp(file, { limitInputPixels: maxPixels, ignoreIcc: true, failOn }).autoOrient()
  switch (form) {
    case 'plain': {
      const coloured = picture.toColourspace('srgb')
      return await decoded((alpha ? coloured.ensureAlpha() : coloured.removeAlpha()).raw({ depth: 'uchar' }))
    }
    case 'cmyk': {
      const { pixels, ...size } = await decoded(picture.pipelineColourspace('cmyk').toColourspace('cmyk').raw({ depth: 'uchar' }))
      return { ...size, pixels: cmykToRgb(pixels, alpha) }
    }
    case 'grey16': {
      const grey = picture.removeAlpha().pipelineColourspace('grey16').toColourspace('grey16').raw({ depth: 'ushort' })
      const { pixels, ...size } = await decoded(grey)
      return { ...size, pixels: greyToRgb(new Uint16Array(pixels.buffer, pixels.byteOffset, pixels.length / 2), alpha) }
    }
  }
}

async function decoded(raw: Sharp): Promise<DecodedPicture> {
  const { data, info } = await raw.toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, pixels: new Uint8Array(data.buffer, data.byteOffset, data.length) }
}

/** Pillow's `convert` for mode CMYK. */
function cmykToRgb(cmyk: Uint8Array, alpha: boolean): Uint8Array {
  const step = alpha ? 4 : 3
  const out = new Uint8Array((cmyk.length / 4) * step).fill(255)
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += step) {
    const light = 255 - (cmyk[from + 3] as number)
    for (let ink = 0; ink < 3; ink += 1) {
      const product = (cmyk[from + ink] as number) * light + 128
      out[to + ink] = Math.max(0, light - (((product >> 8) + product) >> 8))
    }
  }
  return out
}

/** Pillow's `convert` for mode I;16. */
function greyToRgb(grey: Uint16Array, alpha: boolean): Uint8Array {
  const step = alpha ? 4 : 3
  const out = new Uint8Array(grey.length * step).fill(255)
  for (let from = 0, to = 0; from < grey.length; from += 1, to += step) out.fill(Math.min(255, grey[from] as number), to, to + 3)
  return out
}
