import type { Answer, Fitted, FrameUsed, Timings } from '../shared/engine-events.ts'
import type { ErrorCode } from '../shared/error-codes.ts'
import { asTarsierError } from '../shared/errors.ts'
import type { FinishReason } from '../shared/sampling.ts'
import type { ShapedCaption } from '../shared/shaping/caption-shape.ts'

/** A line of `describe --json`. `file` is as the user wrote it; times are in seconds, timings in milliseconds. */
export type DescribeLine =
  | {
      readonly file: string
      /** The model's own text. */
      readonly description: string
      /** Present only with `--shape`. */
      readonly shaped?: ShapedCaption
      readonly model: string
      readonly frames: readonly FrameUsed[]
      /** Size of the frames the model saw. */
      readonly width: number
      readonly height: number
      readonly tokens: { readonly visual: number; readonly prompt: number; readonly generated: number }
      readonly timings: Timings
      readonly device: { readonly vision: string; readonly language: string }
      readonly finish: FinishReason
      /** Present only if there are notices, e.g. that the file is truncated. */
      readonly notices?: readonly string[]
      /** Present only if `--fit` reduced frames or pixels; null for a limit that is the model's own. */
      readonly fitted?: Fitted
    }
  | { readonly file: string; readonly error: { readonly code: ErrorCode; readonly message: string } }

/** Rounds to tenths of a millisecond, the finest meaningful precision. */
function rounded(timings: Timings): Timings {
  const tenth = (value: number) => Math.round(value * 10) / 10
  const { probe, decode, encode, prefill, firstToken, generate, total } = timings
  return {
    probe: tenth(probe),
    decode: tenth(decode),
    encode: tenth(encode),
    prefill: tenth(prefill),
    firstToken: tenth(firstToken),
    generate: tenth(generate),
    total: tenth(total),
  }
}

export function answerLine(file: string, model: string, answer: Answer): DescribeLine {
  const { text, shaped, frames, width, height, tokens, timings, device, finish, notices, fitted } = answer
  return {
    file,
    description: text,
    ...(shaped && { shaped }),
    model,
    frames: frames.map(({ index, time }) => ({ index, time })),
    width,
    height,
    tokens: { visual: tokens.visual, prompt: tokens.prompt, generated: tokens.generated },
    timings: rounded(timings),
    device: { vision: device.vision, language: device.language },
    finish,
    ...(notices.length > 0 && { notices }),
    ...(fitted && { fitted }),
  }
}

export function failureLine(file: string, error: unknown): DescribeLine {
  const { code, message } = asTarsierError(error)
  return { file, error: { code, message } }
}
