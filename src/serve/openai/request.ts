import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { optionInfo } from '../../shared/option-info.ts'
import { options } from '../../shared/options.ts'
import { firstIssue } from '../../shared/schema-issue.ts'
import { captionShapeSchema } from '../../shared/shaping/caption-shape.ts'
import { readyShapeNames } from '../../shared/shaping/ready-shapes.ts'

/** Largest number of answers per request. */
export const MAX_CHOICES = 8
const MAX_TEXT = 1_000_000

const url = z.union([
  z.object({ url: z.string().min(1), detail: z.string().nullish() }),
  z
    .string()
    .min(1)
    .transform((value) => ({ url: value, detail: undefined })),
])

/** A part of a message, in the formats of OpenAI, vLLM and llama.cpp. */
const partSchema = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string().max(MAX_TEXT) }),
  z.object({ type: z.literal('refusal'), refusal: z.string().max(MAX_TEXT) }),
  z.object({ type: z.enum(['image_url', 'input_image']), image_url: url }),
  z.object({ type: z.literal('video_url'), video_url: url }),
  z.object({ type: z.literal('input_video'), input_video: z.union([z.object({ data: z.string().min(1) }), url]) }),
])
export type ContentPart = z.infer<typeof partSchema>

const callSchema = z.object({ function: z.object({ name: z.string().max(1000), arguments: z.string().max(MAX_TEXT) }) })

const messageSchema = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string().max(MAX_TEXT), z.array(partSchema).max(10_000), z.null()]).optional(),
  tool_calls: z.array(callSchema).max(1000).nullish(),
})
export type ChatRequestMessage = z.infer<typeof messageSchema>

const frameCount = z
  .union([z.literal(-1), z.int().min(1)])
  .nullish()
  .describe('Number of frames; -1 uses all frames.')
const pixels = options.maxPixels.nullish()

/** Processor options of a clip, with vLLM's names. */
const processorSchema = z
  .looseObject({
    num_frames: frameCount,
    fps: z.number().gt(0).max(1000).nullish().describe('Frames per second of the range, up to `max_frames`.'),
    max_frames: z.int().min(1).nullish().describe('Maximum number of frames with `fps`.'),
    min_pixels: z.int().min(1).max(1e9).nullish().describe('Minimum number of pixels of a frame.'),
    max_pixels: pixels,
    size: z
      .looseObject({ shortest_edge: z.int().min(1).max(1e9).nullish(), longest_edge: pixels })
      .nullish()
      .describe('Minimum and maximum number of pixels of a frame, under their newer names.'),
    start: options.start.nullish(),
    end: options.end.nullish(),
  })
  .refine(({ num_frames, fps }) => num_frames == null || fps == null, 'num_frames cannot be combined with fps')
  .refine(
    ({ min_pixels, max_pixels, size }) =>
      (min_pixels ?? size?.shortest_edge ?? 0) <= (max_pixels ?? size?.longest_edge ?? Number.POSITIVE_INFINITY),
    'min_pixels is greater than max_pixels',
  )

/** vLLM's media options. If both are set, `num_frames` limits the number that `fps` gives. */
const mediaSchema = z.looseObject({
  video: z.looseObject({ num_frames: frameCount, fps: z.union([z.literal(-1), z.number().gt(0).max(1000)]).nullish() }).nullish(),
})

const choiceSchema = z.union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.string() })])

const formatSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object'), schema: z.unknown().optional() }),
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ schema: z.unknown().optional(), strict: z.boolean().nullish() }),
  }),
])

/** vLLM's equivalent of `response_format`. */
const structuredSchema = z.looseObject({
  json: z.unknown().optional(),
  json_object: z.boolean().nullish(),
  regex: z.string().max(MAX_TEXT).nullish(),
  choice: z.array(z.string().max(MAX_TEXT)).min(1).max(10_000).nullish(),
  grammar: z.string().max(MAX_TEXT).nullish(),
})

const limit = z
  .union([z.literal(-1), z.int().min(1)])
  .nullish()
  .describe(`${optionInfo(options.maxTokens).description} -1 allows as many as fit, as in llama.cpp.`)

/** The body of `POST /v1/chat/completions`: the fields that have an effect. `unheeded` returns warnings for others. */
export const chatRequestSchema = z.looseObject({
  model: z.string().min(1).max(200).describe('Name of a model in `GET /v1/models`.'),
  messages: z.array(messageSchema).min(1).max(10_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: options.temperature.nullish(),
  top_p: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .describe(`${optionInfo(options.topP).description} 0 uses only the most likely token.`),
  top_k: z
    .int()
    .min(-1)
    .nullish()
    .describe(`${optionInfo(options.topK).description} -1 also uses all tokens.`),
  repetition_penalty: options.repeatPenalty.unwrap().nullish(),
  repeat_penalty: options.repeatPenalty.unwrap().nullish(),
  max_tokens: limit,
  max_completion_tokens: limit,
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  seed: z
    .int()
    .nullish()
    .describe(`${optionInfo(options.seed).description} -1 selects a new seed.`),
  n: z.int().min(1).max(MAX_CHOICES).nullish().describe('Number of answers.'),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: formatSchema.nullish(),
  structured_outputs: structuredSchema.nullish(),
  guided_json: z.unknown().optional(),
  guided_regex: z.string().max(MAX_TEXT).nullish(),
  guided_choice: structuredSchema.shape.choice,
  guided_grammar: z.string().max(MAX_TEXT).nullish(),
  json_schema: z.unknown().optional(),
  grammar: z.string().max(MAX_TEXT).nullish(),
  tools: z.array(z.unknown()).nullish(),
  tool_choice: choiceSchema.nullish(),
  functions: z.array(z.unknown()).nullish(),
  function_call: z.union([z.enum(['none', 'auto']), z.looseObject({ name: z.string() })]).nullish(),
  continue_final_message: z.boolean().nullish(),
  add_generation_prompt: z.boolean().nullish(),
  mm_processor_kwargs: processorSchema.nullish(),
  media_io_kwargs: mediaSchema.nullish(),
  tarsier: z
    .strictObject({
      events: z.boolean().nullish().describe('Adds the times of the answer’s clauses as `tarsier.events`.'),
      support: z.boolean().nullish().describe('Adds how much the clip supports each sentence and word as `tarsier.support`.'),
      shape: z
        .union([z.enum(readyShapeNames), captionShapeSchema])
        .nullish()
        .describe('Shape of the answers, or the name of a ready one. The model’s own text of the first answer is in `tarsier.text`.'),
    })
    .nullish()
    .describe(
      'An extension: the shape of the answers, and what is found out about the first one. For events and support the messages must have exactly one clip.',
    ),
})
export type ChatRequest = z.infer<typeof chatRequestSchema>

/** Processor options of a clip, merged from all fields. */
export interface ProcessorOptions {
  /** -1 uses all frames. */
  readonly frames?: number
  readonly fps?: number
  readonly maxFrames?: number
  readonly minPixels?: number
  readonly maxPixels?: number
  readonly start?: number
  readonly end?: number
}

/** Parses a request body. Throws `usage` with the invalid field. */
export function readRequest(body: unknown): ChatRequest {
  const result = chatRequestSchema.safeParse(body)
  if (!result.success) {
    const { field, message } = firstIssue(result.error)
    throw refused(field, message)
  }
  const request = result.data
  const { tool_choice: choice, function_call: call, logprobs, top_logprobs: top } = request
  if (choice === 'required' || (typeof choice === 'object' && choice !== null))
    throw refused('tool_choice', 'this server does not call tools, so a call cannot be required. Remove it, or use "auto" or "none"')
  if (typeof call === 'object' && call) throw refused('function_call', 'this server does not call functions, so a call cannot be required')
  if (logprobs === true && request.tarsier?.shape != null)
    throw refused('logprobs', 'they are those of the model’s own text, and cannot be combined with "tarsier.shape"')
  if (top != null && logprobs !== true) throw refused('top_logprobs', 'it requires "logprobs": true')
  return request
}

/** Merges `mm_processor_kwargs` and `media_io_kwargs`; the first has precedence. */
export function processorOptionsOf({ mm_processor_kwargs: processor, media_io_kwargs: media }: ChatRequest): ProcessorOptions {
  const { num_frames, fps, max_frames, min_pixels, max_pixels, size, start, end } = processor ?? {}
  const read = media?.video ?? {}
  const decided = num_frames != null || fps != null
  const readFps = read.fps === -1 ? null : read.fps
  // With `fps`, `num_frames` is the upper limit, and -1 means no limit.
  const counted = read.num_frames != null && !(read.num_frames === -1 && readFps != null) ? read.num_frames : null
  const given = {
    frames: num_frames ?? (decided || readFps != null ? null : counted),
    fps: fps ?? (decided ? null : readFps),
    maxFrames: max_frames ?? (!decided && readFps != null ? counted : null),
    minPixels: min_pixels ?? size?.shortest_edge,
    maxPixels: max_pixels ?? size?.longest_edge,
    start,
    end,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value != null))
}

export function refused(param: string | null, why: string): TarsierError {
  return new TarsierError('usage', `${param ?? 'The request'}: ${why}.`, { details: { param } })
}
