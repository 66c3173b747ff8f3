import { z } from 'zod'
import { clipEventSchema, clipEventsSchema, segmentSchema } from '../../shared/clip-events.ts'
import type { AskSettings } from '../../shared/contract/asking.ts'
import type { FindEventsSettings } from '../../shared/contract/events.ts'
import { eventOptions, options } from '../../shared/options.ts'
import { firstIssue } from '../../shared/schema-issue.ts'
import { supportReportSchema } from '../../shared/support-report.ts'
import { refused } from './request.ts'

const text = z.string().trim().min(1).max(100_000)

const videoShape = {
  model: z.string().min(1).max(200).describe('Name of a model in `GET /v1/models`.'),
  video: z
    .string()
    .min(1)
    .describe(
      'The clip: a base64 `data:` URL, a path or `file:` URL under the folder given with --media-root, or a URL on a host allowed with --allow-remote.',
    ),
  frames: options.frames.nullish().describe('Number of frames; of each segment for events. Defaults to the model’s own.'),
  max_pixels: options.maxPixels.nullish(),
  prompt: options.prompt.nullish(),
  stream: z.boolean().nullish().describe('Sends progress and the result as server-sent events.'),
} as const

/** The body of `POST /v1/videos/events`. Unknown fields are refused. */
export const eventsRequestSchema = z.strictObject({
  ...videoShape,
  text: text.nullish().describe('Text whose events are timed in the whole clip, instead of descriptions of its segments.'),
  segment: eventOptions.segmentSeconds.nullish(),
  scenes: z.boolean().nullish().describe('Whether segments begin at shot changes. Defaults to true.'),
  precision: eventOptions.precision.nullish(),
  max_tokens: options.maxTokens.nullish(),
  temperature: options.temperature.nullish(),
  seed: options.seed.nullish(),
})
export type EventsRequest = z.infer<typeof eventsRequestSchema>

/** The body of `POST /v1/videos/check`. Unknown fields are refused. */
export const checkRequestSchema = z.strictObject({
  ...videoShape,
  text: text.describe('The text that is checked against the clip.'),
})
export type CheckRequest = z.infer<typeof checkRequestSchema>

const progressSchema = z.object({
  type: z.literal('progress'),
  stage: z
    .enum(['shots', 'frames', 'scoring', 'summary'])
    .describe('What `done` of `of` counts: seconds of the search for shots, frames, or steps of the summary.'),
  done: z.number(),
  of: z.number(),
})
const doneSegmentSchema = z.object({
  type: z.literal('segment'),
  done: z.int(),
  of: z.int(),
  segment: segmentSchema,
  events: z.array(clipEventSchema).readonly(),
  seconds_left: z.number().nullable().describe('Estimated seconds until the end; null while unknown.'),
})

/** Events of a streamed search for events. */
export const eventsChunkSchema = z.discriminatedUnion('type', [
  progressSchema,
  doneSegmentSchema,
  z.object({ type: z.literal('result'), result: clipEventsSchema }),
])
export type EventsChunk = z.infer<typeof eventsChunkSchema>

/** Events of a streamed check. */
export const checkChunkSchema = z.discriminatedUnion('type', [
  progressSchema,
  z.object({ type: z.literal('result'), result: supportReportSchema }),
])
export type CheckChunk = z.infer<typeof checkChunkSchema>

/** Parses a body. Throws `usage` with the invalid field. */
export function readVideoRequest<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const { field, message } = firstIssue(result.error)
  throw refused(field, message)
}

/** The settings of a request, without its frames. */
export function searchSettings(request: EventsRequest): Omit<FindEventsSettings, 'frames'> {
  const { model, max_pixels, prompt, text: given, segment, scenes, precision, max_tokens, temperature, seed } = request
  return {
    model,
    ...(max_pixels != null && { maxPixels: max_pixels }),
    ...(prompt != null && { question: prompt }),
    ...(given != null && { text: given }),
    ...(segment != null && { segmentSeconds: segment }),
    ...(scenes != null && { scenes }),
    ...(precision != null && { precision }),
    sampling: {
      ...(max_tokens != null && { maxTokens: max_tokens }),
      ...(temperature != null && { temperature }),
      ...(seed != null && { seed }),
    },
  }
}

/** The settings of a request, without its frames. */
export function checkSettings({ model, max_pixels }: CheckRequest): Omit<AskSettings, 'frames'> {
  return {
    model,
    ...(max_pixels != null && { maxPixels: max_pixels }),
  }
}
