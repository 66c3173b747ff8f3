import { z } from 'zod'
import { clipEventsSchema } from '../../shared/clip-events.ts'
import { searchSchema } from '../../shared/contract/library.ts'
import type { InstalledModel } from '../../shared/contract/models.ts'
import { eventOptions, options } from '../../shared/options.ts'
import { finishReasons } from '../../shared/sampling.ts'
import { captionShapeSchema, shapedCaptionSchema } from '../../shared/shaping/caption-shape.ts'
import { readyShapeNames } from '../../shared/shaping/ready-shapes.ts'
import { supportReportSchema } from '../../shared/support-report.ts'

/** Largest number of pictures in a result; many programs limit its size. */
const MAX_IMAGES = 32

const fileShape = {
  path: z
    .string()
    .min(1)
    .max(4096)
    .describe(
      'Path of a video or picture: absolute, or relative to an allowed folder. The address of a clip in the list of resources is accepted, too.',
    ),
  model: z
    .string()
    .min(1)
    .max(200)
    .exactOptional()
    .describe('Name of a model that list_models lists. Default: the one chosen by the user.'),
  maxPixels: options.maxPixels.exactOptional(),
  system: options.system.exactOptional(),
} as const

const framesShape = {
  frames: options.frames.exactOptional(),
  start: options.start.exactOptional(),
  end: options.end.exactOptional(),
  times: options.times.exactOptional(),
} as const

const samplingShape = {
  maxTokens: options.maxTokens.exactOptional(),
  temperature: options.temperature.exactOptional(),
  seed: options.seed.exactOptional(),
} as const

const answerShape = {
  ...fileShape,
  ...framesShape,
  ...samplingShape,
  withTimes: z
    .boolean()
    .exactOptional()
    .describe(
      'Adds when each event of the text happens, and how much the clip supports each sentence and word. Takes longer. Default: false.',
    ),
  images: z
    .int()
    .min(1)
    .max(MAX_IMAGES)
    .exactOptional()
    .describe('Returns up to this many of the frames that the model saw, as pictures. Default: none.'),
} as const

const text = z.string().trim().min(1).max(100_000)

/** Whether only one way of choosing frames is used. */
function hasOneChoice({ times, frames, start, end }: { times?: unknown; frames?: unknown; start?: unknown; end?: unknown }): boolean {
  return times === undefined || (frames === undefined && start === undefined && end === undefined)
}
const ONE_CHOICE = 'times cannot be combined with frames, start or end'

export const describeInput = z
  .strictObject({
    ...answerShape,
    prompt: options.prompt.exactOptional().describe("Request to the model. Default: the model's own request for a detailed description."),
    shape: z
      .union([z.enum(readyShapeNames), captionShapeSchema])
      .exactOptional()
      .describe(
        'Shape of the text, or the name of a ready one: rules such as a number of words, and a rewriting to a shorter text, another language or JSON fields. The result is in `shaped`. Default: none.',
      ),
  })
  .refine(hasOneChoice, ONE_CHOICE)
export type DescribeInput = z.infer<typeof describeInput>

export const askInput = z
  .strictObject({
    ...answerShape,
    question: options.prompt.describe('Question about the clip.'),
    earlier: z
      .array(z.strictObject({ question: text, answer: text }))
      .max(100)
      .exactOptional()
      .describe('Earlier questions about the same clip with their answers, oldest first, which the question refers to.'),
  })
  .refine(hasOneChoice, ONE_CHOICE)
export type AskInput = z.infer<typeof askInput>

export const eventsInput = z.strictObject({
  ...fileShape,
  ...samplingShape,
  frames: options.frames.exactOptional().describe('Number of frames of each segment.'),
  question: options.prompt.exactOptional().describe("Request about each segment. Default: the model's own request for a description."),
  text: text.exactOptional().describe('A text whose events are timed in the whole clip, instead of descriptions of its segments.'),
  segmentSeconds: eventOptions.segmentSeconds.exactOptional(),
  scenes: z.boolean().exactOptional().describe('Whether segments begin at shot changes. Default: true.'),
  precision: eventOptions.precision.exactOptional(),
})
export type EventsInput = z.infer<typeof eventsInput>

export const checkInput = z
  .strictObject({
    ...fileShape,
    ...framesShape,
    text: text.describe('The text that is checked, such as a caption of another program.'),
    question: options.prompt.exactOptional().describe("What the text answers. Default: the model's own request for a description."),
  })
  .refine(hasOneChoice, ONE_CHOICE)

export type CheckInput = z.infer<typeof checkInput>

export const searchInput = z.strictObject({
  text: searchSchema.shape.text.describe(
    'Words that must all occur, the last one as a beginning. Without any, the newest entries are listed.',
  ),
  model: searchSchema.shape.model.describe('Only results of this model.'),
  kind: searchSchema.shape.kind,
  limit: searchSchema.shape.limit.unwrap().max(100).default(20),
  offset: searchSchema.shape.offset.describe('Number of results to skip. Default: 0.'),
})
export type SearchInput = z.infer<typeof searchInput>

export const modelsInput = z.strictObject({})

const seconds = z.number().nullable().describe('Seconds from the first frame; null if unknown.')
const notices = z.array(z.string()).describe('Sentences about limits of the result.')

export const answerOutput = z.object({
  file: z.string(),
  text: z.string().describe('The answer of the model. It may be wrong.'),
  shaped: shapedCaptionSchema.optional().describe('With `shape`: the text in that shape.'),
  model: z.string(),
  finish: z.enum(finishReasons).describe('Why the answer ended: `length` if it is cut.'),
  duration: z.number().describe('Seconds; 0 for a picture.'),
  frames: z.array(z.object({ index: z.int(), time: z.number() })).describe('The frames that the model saw, with their times in seconds.'),
  events: z
    .array(z.object({ text: z.string(), start: seconds, end: seconds, confidence: z.number() }))
    .optional()
    .describe('With `withTimes`: what the text tells, with its time.'),
  sentences: supportReportSchema.shape.sentences
    .optional()
    .describe('With `withTimes`: how much the clip supports each sentence and word.'),
  notices,
})
export type AnswerOutput = z.infer<typeof answerOutput>

export const eventsOutput = clipEventsSchema

export const checkOutput = supportReportSchema.extend({ model: z.string(), notices })
export type CheckOutput = z.infer<typeof checkOutput>

export const searchOutput = z.object({
  total: z.int().describe('Number of all results.'),
  items: z.array(
    z.object({
      name: z.string(),
      path: z.string().nullable().describe('For the other tools; null if the file is gone or not allowed.'),
      kind: z.enum(['video', 'image', 'gif']),
      model: z.string().nullable(),
      updated: z.string().describe('Date and time (ISO 8601) of the last answer, or of the events.'),
      excerpts: z.array(
        z.object({
          of: z.enum(['question', 'answer', 'version', 'name', 'event', 'segment']),
          text: z.string(),
          start: z.number().optional().describe('Seconds at which the event or segment begins.'),
        }),
      ),
    }),
  ),
})
export type SearchOutput = z.infer<typeof searchOutput>

const modelSchema: z.ZodType<Pick<InstalledModel, 'name' | 'recognizesOnly' | 'summary' | 'bytes' | 'context' | 'problem'>> = z.object({
  name: z.string(),
  recognizesOnly: z.string().nullable().describe('What it recognizes, if that is not any video.'),
  summary: z.string(),
  bytes: z.number(),
  context: z.number().describe('Largest number of tokens in a conversation.'),
  problem: z.string().nullable().describe('Why it cannot be used; null if it can.'),
})

export const modelsOutput = z.object({
  models: z.array(modelSchema),
  selected: z.string().describe('The model that is used if a tool gets none.'),
})
export type ModelsOutput = z.infer<typeof modelsOutput>
