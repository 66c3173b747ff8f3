/** Metadata of a clip, from its content. */
export interface MediaMetadata {
  /** The name's ending says nothing. `gif` is any animation that browsers show as an image: GIF, animated WebP, animated PNG. */
  readonly kind: 'video' | 'image' | 'gif'
  /** Size in pixels after rotation. */
  readonly width: number
  readonly height: number
  /** Width of a pixel of an upright frame, divided by its height: 1 unless players stretch the frames. */
  readonly pixelAspect: number
  /** Clockwise degrees the stored picture is turned by to stand upright, after it was mirrored where the file asks for that. */
  readonly rotation: 0 | 90 | 180 | 270
  /** Exact number of frames, counted by packets if the container does not say. 1 for an image. */
  readonly frameCount: number
  /** Average frames per second (as decord computes it); 0 for an image. */
  readonly rate: number
  /** Whether every frame is shown at its index divided by the rate, to half a millisecond. */
  readonly constantRate: boolean
  /** Duration in seconds; 0 for an image. */
  readonly duration: number
  readonly container: string
  readonly codec: string
  readonly bytes: number
  /** Sentences about damage, HDR and similar, such as a truncated file. */
  readonly notices: readonly string[]
}

/** Size in which players show the frames: the shorter side of a pixel becomes as long as the other one. Not rounded. */
export function shownSize({ width, height, pixelAspect }: Pick<MediaMetadata, 'width' | 'height' | 'pixelAspect'>): {
  readonly width: number
  readonly height: number
} {
  return { width: width * Math.max(1, pixelAspect), height: height * Math.max(1, 1 / pixelAspect) }
}
