/** What a clip is, by its content. */
export interface MediaMetadata {
  /** The name's ending says nothing. `gif` is any animation that browsers show as an image: GIF, animated WebP, animated PNG. */
  readonly kind: 'video' | 'image' | 'gif'
  /** Upright size in pixels. */
  readonly width: number
  readonly height: number
  /** Clockwise degrees the stored picture is turned by to stand upright, after it was mirrored where the file asks for that. */
  readonly rotation: 0 | 90 | 180 | 270
  /** Frames in the stream, exact: counted by packets where the container does not say. 1 for an image. */
  readonly frameCount: number
  /** Average frames a second (decord's); 0 for an image. */
  readonly rate: number
  /** Whether every frame is shown when the rate says, to half a millisecond: frame 12 at 12 / rate. */
  readonly constantRate: boolean
  /** Seconds; 0 for an image. */
  readonly duration: number
  readonly container: string
  readonly codec: string
  readonly bytes: number
  /** Sentences about damage, HDR and the like, e.g. a truncated file. */
  readonly notices: readonly string[]
}
