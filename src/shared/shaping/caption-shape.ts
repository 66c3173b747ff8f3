import { z } from 'zod'
import { options } from '../options.ts'
import { rewriteSchema, rewrittenSchema } from './rewrite.ts'

/** Words in a row, each with alternatives: see `terms.ts`. */
const term = z
  .string()
  .trim()
  .max(500)
  .regex(/^[^\s|]+(\|[^\s|]+)*(\s+[^\s|]+(\|[^\s|]+)*)*$/u, 'must be words, with alternatives as in "the|this video"')
const limit = z.int().min(1).max(100_000)

/**
 * How a caption has to look: how a text model rewrites a model's answer, and rules that are applied to that, in the order of the fields from
 * `bannedOpenings` on. The JSON of a shape file, of `settings.shape` in the contract and of `tarsier.shape` in the OpenAI-compatible API; docs/captions.md explains it.
 */
export const captionShapeSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100).default('custom').meta({ description: 'Name of the shape, which results mention.' }),
    form: z
      .enum(['text', 'tags'])
      .default('text')
      .meta({ description: '"text": whole sentences. "tags": short texts with commas between them, each once.' }),
    prompt: options.prompt
      .exactOptional()
      .meta({ description: "Question that is asked where the user asks none. Default: the model's description prompt." }),
    language: z
      .string()
      .refine(isLanguage, 'must be a language tag, such as "en" or "zh-Hans"')
      .default('en')
      .meta({ description: 'Language of the captions as a BCP 47 tag, for the ends of sentences and capital letters.' }),
    rewrite: rewriteSchema.exactOptional().meta({
      description: 'How a text model changes the answer before the rules are applied. Each part of the result is held against the clip.',
    }),
    bannedOpenings: z.array(term).max(1000).default([]).meta({
      description:
        'Words that are removed at the start of a sentence; the rest starts with a capital letter. "the|this video shows|depicts" stands for four openings. A "*" at the end of a word stands for any further letters.',
    }),
    bannedWords: z.array(term).max(1000).default([]).meta({
      description: 'Words, or several words in a row, whose sentences or tags are left out. Written as banned openings are.',
    }),
    maxSentences: limit.exactOptional().meta({ description: 'Largest number of sentences; only of the form "text".' }),
    maxTags: limit.exactOptional().meta({ description: 'Largest number of tags; only of the form "tags".' }),
    maxWords: limit.exactOptional().meta({
      description:
        'Largest number of words, those of the prefix included. The text ends after the last sentence or tag that fits. If the first one alone is longer, it is kept, with a notice.',
    }),
    minWords: limit.exactOptional().meta({ description: 'A shorter text has a notice.' }),
    oneLine: z.boolean().default(true).meta({ description: 'Removes line breaks, and the marks of lists and headings.' }),
    prefix: z
      .string()
      .max(1000)
      .default('')
      .meta({ description: 'Text before the caption, such as a trigger word. A space follows it, and before tags a comma.' }),
  })
  .check(({ value, issues }) => {
    const { form, maxSentences, maxTags, maxWords, minWords, rewrite } = value
    const problem = (path: string, message: string) => issues.push({ code: 'custom', path: [path], message, input: value })
    if (form === 'tags' && maxSentences !== undefined) problem('maxSentences', 'tags have no sentences; use maxTags')
    if (form === 'text' && maxTags !== undefined) problem('maxTags', 'only the form "tags" has tags; use maxSentences')
    if (minWords !== undefined && maxWords !== undefined && minWords > maxWords) problem('minWords', 'is larger than maxWords')
    if (rewrite?.kind !== 'fields') return
    const { bannedOpenings, bannedWords, prefix } = value
    const rules = { form: form === 'tags', bannedOpenings: bannedOpenings.length > 0, bannedWords: bannedWords.length > 0, maxSentences }
    for (const [rule, given] of Object.entries({ ...rules, maxTags, maxWords, minWords, prefix: prefix !== '' }))
      if (given !== undefined && given !== false) problem(rule, 'is a rule for texts, and the rewriting gives fields')
  })
/** A shape with all its fields. */
export type CaptionShape = z.output<typeof captionShapeSchema>

/** A shape whose captions a text model writes. */
export type RewritingShape = CaptionShape & Required<Pick<CaptionShape, 'rewrite'>>

/** Whether captions of a shape need a text model. */
export function isRewriting(shape: CaptionShape | null): shape is RewritingShape {
  return shape?.rewrite !== undefined
}

/** An answer in a wanted shape, beside the model's own text. */
export const shapedCaptionSchema = z.object({
  shape: z.string().describe('Name of the shape.'),
  text: z.string(),
  words: z.int().describe('Number of words, those of the prefix included.'),
  leftOut: z.int().describe("Sentences or tags of the model's text that are left out."),
  unmet: z
    .array(z.enum(['bannedWords', 'maxWords', 'minWords', 'wholeSentences']))
    .readonly()
    .describe('Rules that could not be kept.'),
  notices: z.array(z.string()).readonly().describe('A sentence about each of them, and about parts that the clip contradicts.'),
  rewritten: rewrittenSchema.exactOptional().describe('What a text model made of the answer; absent if the shape has no `rewrite`.'),
})
export type ShapedCaption = z.infer<typeof shapedCaptionSchema>
export type ShapeRule = ShapedCaption['unmet'][number]

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
