import { z } from 'zod'
import { MAX_FRAMES } from '../../shared/frame-request.ts'

const url = z.union([
  z.object({ url: z.string().min(1) }),
  z
    .string()
    .min(1)
    .transform((value) => ({ url: value })),
])

/** A piece of a message, as OpenAI, vLLM and llama.cpp write them. */
const partSchema = z.union([
  z.object({ type: z.enum(['text', 'input_text']), text: z.string().max(1_000_000) }),
  z.object({ type: z.literal('image_url'), image_url: url }),
  z.object({ type: z.literal('video_url'), video_url: url }),
  z.object({ type: z.literal('input_video'), input_video: z.union([z.object({ data: z.string().min(1) }), url]) }),
])
export type ContentPart = z.infer<typeof partSchema>

const messageSchema = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string().max(1_000_000), z.array(partSchema).max(1000), z.null()]).optional(),
})
export type ChatRequestMessage = z.infer<typeof messageSchema>

/** What the processor shall do with the clip, under vLLM's names. */
const processorSchema = z
  .object({
    /** So many frames, spread over the range. */
    num_frames: z.int().min(1).max(MAX_FRAMES).optional(),
    /** So many frames a second of the range, up to `max_frames`. */
    fps: z.number().gt(0).max(1000).optional(),
    max_frames: z.int().min(1).max(MAX_FRAMES).optional(),
    /** Most pixels of one frame. */
    max_pixels: z.int().min(1).max(1e9).optional(),
    /** Seconds from the clip's beginning. */
    start: z.number().min(0).optional(),
    end: z.number().min(0).optional(),
  })
  .strict()
  .refine(({ num_frames, fps }) => num_frames === undefined || fps === undefined, 'num_frames and fps exclude each other')
export type ProcessorWishes = z.infer<typeof processorSchema>

/** The body of `POST /v1/chat/completions`: what is obeyed of it. Further fields that clients send by habit are passed over. */
export const chatRequestSchema = z.object({
  model: z.string().min(1).max(200),
  messages: z.array(messageSchema).min(1).max(10_000),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  repetition_penalty: z.number().min(1).max(2).nullish(),
  max_tokens: z.int().min(1).max(32768).nullish(),
  max_completion_tokens: z.int().min(1).max(32768).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(16)]).nullish(),
  seed: z.int().min(0).max(0xfffffffe).nullish(),
  n: z.literal(1).nullish(),
  continue_final_message: z.boolean().nullish(),
  mm_processor_kwargs: processorSchema.nullish(),
})
export type ChatRequest = z.infer<typeof chatRequestSchema>
