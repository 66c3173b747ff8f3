import { type } from '@orpc/contract'
import { z } from 'zod'
import type { FrameUsed } from '../engine-events.ts'
import type { ErrorData } from '../errors.ts'
import { askSettingsSchema } from './asking.ts'
import { idSchema, procedure } from './base.ts'

/** What an answer will cost, before it runs. */
export interface Cost {
  readonly frames: readonly FrameUsed[]
  /** Of one frame as the model gets it, in pixels. */
  readonly width: number
  readonly height: number
  /** Tokens of one frame, and of all. */
  readonly tokensPerFrame: number
  readonly visualTokens: number
  /** What the conversation will hold with the longest answer, and what it can. */
  readonly context: number
  readonly contextLimit: number
  /** The most frames that fit with these pixels. */
  readonly maxFrames: number
  /** Bytes of memory while it runs; null where they are not known. */
  readonly memory: number | null
  /** Until the first word, and until the longest answer ends; null while the speed of this model on this device is not known. */
  readonly secondsToFirstToken: number | null
  readonly seconds: number | null
  /** Sentences to be read beforehand. */
  readonly notices: readonly string[]
  /** Why it will not run so; null when it will. */
  readonly impossible: ErrorData | null
}

export const estimateContract = {
  /** The cost of asking about a clip with these settings; of a first question, or of the next one in a chat. */
  cost: procedure
    .input(
      z.object({
        handle: idSchema,
        chat: idSchema.optional(),
        text: z.string().max(100_000).optional(),
        settings: askSettingsSchema.default({}),
      }),
    )
    .output(type<Cost>()),
}
