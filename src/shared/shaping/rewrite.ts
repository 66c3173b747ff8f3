import { z } from 'zod'
import type { JsonValue } from './fields.ts'

/** A name of a file in the folder of text models: no path, so that a request can name no other file. */
const TEXT_MODEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/

/** Objects whose contents are known to be JSON. A recursive schema would have references that not every program follows. */
const jsonObject = z.record(z.string(), z.unknown() as z.ZodType<JsonValue>)

const common = {
  model: z
    .string()
    .regex(TEXT_MODEL, 'must be the name of a file in the folder "text-models" of the data folder, without a path')
    .exactOptional()
    .meta({
      description:
        'Text model that rewrites: name of a GGUF file in the folder "text-models" of the data folder. Default: the model that described the clip, without the clip.',
    }),
  instructions: z
    .string()
    .trim()
    .min(1)
    .max(4000)
    .exactOptional()
    .meta({ description: 'Further instructions for the text model, such as "Keep the movements of the camera."' }),
  maxTokens: z
    .int()
    .min(1)
    .max(8192)
    .default(1024)
    .meta({ description: 'Largest number of tokens of the rewritten text. A text that is not finished by then is an error.' }),
} as const

/** How a text model changes a description before the rules of a shape are applied. */
export const rewriteSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('shorter'),
    words: z
      .int()
      .min(1)
      .max(10_000)
      .exactOptional()
      .meta({ description: "Number of words that is asked for. Default: the shape's `maxWords`, or half the words of the description." }),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('language').meta({ description: "A translation into the shape's `language`." }),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('fields'),
    schema: jsonObject.meta({ description: 'JSON schema of an object. The result is JSON that follows it, with members in its order.' }),
    ...common,
  }),
])

/** A sentence, tag or text field of a rewritten caption, with how much the clip supports it. */
export const checkedPartSchema = z.object({
  field: z.string().nullable().describe('Place of the text in the fields, such as "subject" or "actions.0"; null for sentences and tags.'),
  text: z.string(),
  support: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('Support of its least supported word, from 0 (the clip contradicts it) to 1 (the clip shows it); null if it has no words.'),
})
export type CheckedPart = z.infer<typeof checkedPartSchema>

/** What a text model made of a description. */
export const rewrittenSchema = z.object({
  kind: z.enum(['shorter', 'language', 'fields']),
  model: z.string().describe('Name of the model, or of the GGUF file, that wrote it.'),
  text: z.string().describe('The text as the model wrote it, before the rules of the shape.'),
  fields: jsonObject.exactOptional().describe('With the kind "fields": the object.'),
  checked: z.array(checkedPartSchema).readonly().describe('Each part of the caption, held against the clip.'),
})
export type Rewritten = z.infer<typeof rewrittenSchema>
