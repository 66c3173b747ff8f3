import sharp, { type Metadata, type Sharp } from 'sharp'

/** Where libvips converts otherwise than Pillow's `convert('RGB')`, what Pillow does is done here. */
export type PixelForm = 'plain' | 'cmyk' | 'grey16'

export interface DecodedPicture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

export interface DecodeOptions {
  readonly form: PixelForm
  /** Four bytes a pixel, the last one its opacity; else three, whatever was transparent. */
  readonly alpha: boolean
  /** `none` takes what can be had of a damaged file. */
  readonly failOn: 'warning' | 'none'
  /** Larger pictures are errors. */
  readonly maxPixels: number
}

/** `head` is the file's beginning: sharp tells neither how many bits a PNG has nor whether its opacity is a channel. */
export function pixelForm({ space, channels }: Metadata, head: Uint8Array): PixelForm {
  if (space === 'cmyk') return 'cmyk'
  // Grey with opacity is of another kind to Pillow, unless the opacity is that of one grey, which a PNG names.
  const onlyGrey = channels === 1 || (head[0] === 0x89 && head[25] === 0)
  return space === 'grey16' && onlyGrey ? 'grey16' : 'plain'
}

/**
 * The pixels of a file's content: a JPEG, PNG, TIFF, WebP or AVIF, upright by EXIF, with the values of Pillow's `convert('RGB')` or
 * `convert('RGBA')`: colour profiles are ignored, CMYK is taken without one, and 16-bit greys end at 255, unlike 16-bit colours,
 * of which the high byte is taken.
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

/** `convert` of Pillow's mode CMYK. */
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

/** `convert` of Pillow's mode I;16. */
function greyToRgb(grey: Uint16Array, alpha: boolean): Uint8Array {
  const step = alpha ? 4 : 3
  const out = new Uint8Array(grey.length * step).fill(255)
  for (let from = 0, to = 0; from < grey.length; from += 1, to += step) out.fill(Math.min(255, grey[from] as number), to, to + 3)
  return out
}
