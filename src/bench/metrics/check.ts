import { z } from 'zod'
import type { Prediction } from '../prediction.ts'

/** How a clip supports a sentence, and its words. Places are indices of UTF-16 units in the text. */
const sentenceSchema = z.object({
  support: z.number(),
  words: z.array(z.object({ text: z.string(), start: z.number(), end: z.number(), support: z.number() })).readonly(),
})
type CheckedSentence = z.infer<typeof sentenceSchema>

/** The answer to a sample with captions to check: the support of the true caption's sentences, and of the false one's. */
const answerSchema = z.object({ truth: z.array(sentenceSchema).readonly(), wrong: z.array(sentenceSchema).readonly() })

/** `extra_info` of such a sample: the caption with a false statement, the place of its sentence, and that of its false words. */
export const falseCaptionSchema = z.object({ text: z.string(), sentence: z.int().min(0), start: z.int().min(0), end: z.int().min(0) })

/** How a model supports the sentences of a true caption, and those of the same caption with one false statement. */
export interface CheckedPair extends z.infer<typeof answerSchema> {
  /** `NAME/what was exchanged`. */
  readonly dataset: string
  readonly place: Pick<z.infer<typeof falseCaptionSchema>, 'sentence' | 'start' | 'end'>
}

export interface CheckFigures {
  readonly pairs: number
  /** Part of the false captions in which no word of the false sentence has less support than the false one; NaN if there are none. */
  readonly found: number
  /** Probability that a true sentence has more support than a false one (area under the ROC curve); NaN if there are none. */
  readonly auc: number
}

/** Formats the answer to a sample with captions to check; {@link checkedPairs} reads it. */
export function checkAnswer(truth: readonly CheckedSentence[], wrong: readonly CheckedSentence[]): string {
  return JSON.stringify(answerSchema.parse({ truth, wrong }))
}

/** Reads the answers, by the samples' keys. Leaves out samples that failed and answers that another program gave. */
export function checkedPairs(predictions: readonly Prediction[]): Map<string, CheckedPair> {
  const pairs = new Map<string, CheckedPair>()
  for (const { key, dataset, prediction, extraInfo } of predictions) {
    const place = falseCaptionSchema.safeParse(extraInfo.false_caption)
    const answer = answerSchema.safeParse(parsed(prediction ?? ''))
    if (place.success && answer.success) pairs.set(key, { dataset, ...answer.data, place: place.data })
  }
  return pairs
}

/** Whether a false word is the least supported of its sentence. Another that is supported as little does no harm. */
export function findsFalseWord({ wrong, place }: CheckedPair): boolean {
  const words = wrong[place.sentence]?.words ?? []
  const falseWords = words.filter(({ start, end }) => start < place.end && end > place.start)
  const least = (some: typeof words) => Math.min(...some.map(({ support }) => support))
  return falseWords.length > 0 && least(falseWords) <= least(words)
}

/** The false sentences are those with the false words; the true ones are all sentences of the true captions. */
export function checkFigures(pairs: readonly CheckedPair[]): CheckFigures {
  const right = pairs.flatMap(({ truth }) => truth.map(({ support }) => support))
  const wrong = pairs.flatMap(({ wrong: sentences, place }) =>
    sentences.slice(place.sentence, place.sentence + 1).map(({ support }) => support),
  )
  return { pairs: pairs.length, found: pairs.filter(findsFalseWord).length / pairs.length, auc: areaUnderCurve(right, wrong) }
}

/** Part of all pairs of values of two groups in which that of the first is greater; equal values count half. */
function areaUnderCurve(greater: readonly number[], less: readonly number[]): number {
  let sum = 0
  for (const a of greater) for (const b of less) sum += a > b ? 1 : a === b ? 0.5 : 0
  return sum / (greater.length * less.length)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // not an answer of this program
  }
}
