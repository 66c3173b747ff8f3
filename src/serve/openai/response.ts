import { z } from 'zod'

const tokenSchema = z.object({
  token: z.string(),
  logprob: z.number().describe("Natural logarithm of the token's probability, before temperature, penalties and grammar."),
  bytes: z.array(z.int().min(0).max(255)).readonly(),
})

const logprobsSchema = z
  .object({
    content: z.array(
      tokenSchema.extend({ top_logprobs: z.array(tokenSchema).describe('The most likely tokens at this position, in order.') }),
    ),
    refusal: z.null(),
  })
  .nullable()

const finishSchema = z.enum(['stop', 'length'])

const usageSchema = z.object({
  prompt_tokens: z.int().describe('Text and visual tokens before the answer; counted once for several answers.'),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int().describe('Prompt tokens that were taken from the cache.') }),
})

const warningsSchema = z.array(z.string()).readonly().optional().describe('Parts of the request that had no effect, one sentence each.')

const workSchema = z
  .looseObject({})
  .describe(
    'Details of the first answer: frames with their times in seconds, size in pixels, timings in milliseconds, devices; with a shape, the model’s own `text` and what was `shaped`.',
  )
  .optional()

const headShape = { id: z.string(), created: z.int().describe('Unix time in seconds.'), model: z.string() }

/** Response of `POST /v1/chat/completions`: OpenAI's format with the additional fields `warnings` and `tarsier`. */
export const completionSchema = z.object({
  ...headShape,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
      logprobs: logprobsSchema,
      finish_reason: finishSchema,
    }),
  ),
  usage: usageSchema,
  warnings: warningsSchema,
  tarsier: workSchema,
})
export type Completion = z.infer<typeof completionSchema>

/** One event of a streamed answer. */
export const chunkSchema = z.object({
  ...headShape,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.object({
      index: z.int(),
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: logprobsSchema,
      finish_reason: finishSchema.nullable(),
    }),
  ),
  usage: usageSchema.nullish().describe('With `stream_options.include_usage`: null until the last event.'),
  warnings: warningsSchema,
  tarsier: workSchema,
})
export type CompletionChunk = z.infer<typeof chunkSchema>

export const modelSchema = z.object({
  id: z.string().describe('Name of the model, for `model` in a request.'),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string().describe('Repository of the checkpoint, or `tarsier`.'),
  summary: z.string(),
  context: z.int().describe('Maximum number of tokens in a conversation.'),
  bytes: z.int().describe('Size on disk.'),
})
export type ListedModel = z.infer<typeof modelSchema>

/** An error in OpenAI's format. */
export const apiErrorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable().describe('The part of the request that is invalid.'),
    code: z.string().describe('An error code of this program or of OpenAI.'),
  }),
})
export type ApiError = z.infer<typeof apiErrorSchema>
