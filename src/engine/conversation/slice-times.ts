import { positionAfterClip, type SliceTokens, slicePlanes } from '../language/clip-positions.ts'
import type { Language, Session } from '../language/types.ts'
import { roundHalfToEven } from '../media/sampling.ts'
import type { MediaInfo } from '../media/types.ts'
import type { TowerForm } from '../vision/tower-form.ts'

type SeenFrames = readonly { readonly index: number; readonly time: number }[]
type Delimiters = NonNullable<TowerForm['timestamps']>

/**
 * Times of slices as text, for models whose prompts tell them: `<0.5 seconds>` before each slice. As published (`Qwen3VLProcessor` of transformers 4.57), the
 * time of a slice is the middle of its first and last frame, and the time of a frame is its index by the file's rate. Only where a file has no constant rate,
 * it is the presentation time, so that answers name the times that players show.
 */
export class SliceTimes {
  readonly #delimiters: Delimiters
  readonly #language: Pick<Language, 'tokenize' | 'controls'>
  /** Frames per second of the file; null if they are not constant. */
  readonly #rate: number | null

  private constructor(delimiters: Delimiters, language: Pick<Language, 'tokenize' | 'controls'>, rate: number | null) {
    this.#delimiters = delimiters
    this.#language = language
    this.#rate = rate
  }

  /**
   * Null if slices follow each other without text: for other models, and a picture.
   * @param frames number of chosen frames
   */
  static of(
    { timestamps }: Pick<TowerForm, 'timestamps'>,
    language: Pick<Language, 'tokenize' | 'controls'>,
    { rate, constantRate }: Pick<MediaInfo, 'rate' | 'constantRate'>,
    frames: number,
  ): SliceTimes | null {
    return timestamps === null || frames === 1 ? null : new SliceTimes(timestamps, language, constantRate && rate > 0 ? rate : null)
  }

  /** Text before a slice of these frames. */
  text(frames: SeenFrames): string {
    const [first, last] = [frames[0], frames.at(-1)].map((frame) => (frame === undefined ? 0 : this.#timeOf(frame)))
    return `<${oneDecimal(((first ?? 0) + (last ?? 0)) / 2)} seconds>`
  }

  /** Tokens between the slice before and a slice of these frames: the end of the one, the time, and the start of the other. */
  lead(frames: SeenFrames): number[] {
    const control = (text: string) => this.#language.controls.get(text) ?? []
    const { start, end } = this.#delimiters
    return [control(end), this.#language.tokenize(this.text(frames)), control(start)].flat()
  }

  #timeOf({ index, time }: SeenFrames[number]): number {
    return this.#rate === null ? time : index / this.#rate
  }
}

/** As Python writes a number with one decimal: of two equally near ones it takes the even one. */
function oneDecimal(value: number): string {
  // Only quarters lie halfway between two decimals without a rounding error.
  return Number.isInteger(value * 4) ? (roundHalfToEven(value * 10) / 10).toFixed(1) : value.toFixed(1)
}

/** A slice of a clip, and what stands before it in the clip. */
export interface PlacedSlice {
  readonly rows: Float32Array
  readonly shape: SliceTokens
  /** Position at which the clip starts. */
  readonly start: number
  /** Number of the slice in the clip. */
  readonly slice: number
  /** Tokens before the slice, if the clip's slices have text between them; otherwise null. */
  readonly lead: readonly number[] | null
}

/** Evaluates a slice at the end of a context. */
export async function evaluateSlice(
  session: Pick<Session, 'mark' | 'evaluateTokens' | 'evaluateRows'>,
  positions: Language['positions'],
  { rows, shape, start, slice, lead }: PlacedSlice,
  signal: AbortSignal,
): Promise<Int32Array> {
  if (lead !== null && lead.length > 0) await session.evaluateTokens(lead, signal)
  // A slice after text starts anew.
  const [from, nth] = lead === null ? [start, slice] : [session.mark.position, 0]
  const planes = slicePlanes(positions, from, nth, shape)
  await session.evaluateRows(rows, planes, positionAfterClip(positions, from, nth + 1, shape), signal)
  return planes
}
