import { z } from 'zod'

/** A word of a text, with how much the clip supports it. */
export interface SupportedWord {
  readonly text: string
  /** Indices of UTF-16 units in the text: first, and after the last. */
  readonly start: number
  readonly end: number
  /** From 0, the clip contradicts the word, to 1, the clip shows it. */
  readonly support: number
  /** Natural logarithm of the word's probability with the clip, and without it. */
  readonly withClip: number
  readonly withoutClip: number
}

/** A clause of a text with its time. */
export interface TimedClause {
  readonly text: string
  /** Indices of UTF-16 units in the text: first, and after the last. */
  readonly start: number
  readonly end: number
  /** Index in {@link TimedText.sentences}. */
  readonly sentence: number
  /** A sentence that says the same to someone who reads nothing before it. Missing in texts of earlier versions. */
  readonly caption?: string
  /** Seconds from the clip's first frame; null if the frames show no clear beginning. */
  readonly begins: number | null
  /** Seconds; null if the end is not known. */
  readonly ends: number | null
  /** How clear the beginning is, from 0 to 1. */
  readonly confidence: number
}

/** A sentence of a text with the part of the clip that supports it best. */
export interface SupportedSentence {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Support of its least supported word. */
  readonly support: number
  /** Seconds; null for a picture, or if no part supports the sentence better than others. */
  readonly begins: number | null
  readonly ends: number | null
  readonly words: readonly SupportedWord[]
}

/** A text about a clip, with the times of its clauses and the support of its words. */
export interface TimedText {
  readonly text: string
  readonly clauses: readonly TimedClause[]
  readonly sentences: readonly SupportedSentence[]
  /** Milliseconds of scoring, and of looking at further frames. */
  readonly timings: { readonly score: number; readonly zoom: number }
}

const place = { text: z.string(), start: z.int().min(0), end: z.int().min(0) }
const span = { begins: z.number().min(0).nullable(), ends: z.number().min(0).nullable() }
const share = z.number().min(0).max(1)

export const timedClauseSchema: z.ZodType<TimedClause> = z.object({
  ...place,
  sentence: z.int().min(0),
  caption: z.string().exactOptional(),
  ...span,
  confidence: share,
})

export const timedTextSchema: z.ZodType<TimedText> = z.object({
  text: z.string(),
  clauses: z.array(timedClauseSchema),
  sentences: z.array(
    z.object({
      ...place,
      support: share,
      ...span,
      words: z.array(z.object({ ...place, support: share, withClip: z.number(), withoutClip: z.number() })),
    }),
  ),
  timings: z.object({ score: z.number(), zoom: z.number() }),
})
