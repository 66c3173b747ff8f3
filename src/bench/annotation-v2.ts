import { z } from 'zod'
import { assertNever } from '../shared/errors.ts'
import { type ClipRange, MAX_FRAMES } from '../shared/frame-request.ts'
import {
  type Annotation,
  commonFields,
  commonOf,
  isReference,
  type LineRole,
  numberSchema,
  pictureFileSchema,
  referenceSchema,
  secondsRange,
  secondsSchema,
  videoFileSchema,
} from './annotation-fields.ts'
import type { FrameChoice, SampleClip, SamplePart } from './sample.ts'

/**
 * Upstream masks and crops images by these fields, which no published annotation uses. They are rejected, because showing the whole image would be
 * a different sample.
 */
const leftOut = z.null('masks are not supported').optional()
const wholeNumber = numberSchema.pipe(z.int())
const frameNumber = numberSchema.pipe(z.int().min(0)).nullish()
const count = numberSchema.pipe(z.int().min(1).max(MAX_FRAMES)).nullish()

const videoSchema = z
  .object({
    video_file: videoFileSchema.nullish(),
    image_file: videoFileSchema.nullish(),
    start_time: secondsSchema,
    end_time: secondsSchema,
    start_frame: frameNumber,
    end_frame: frameNumber,
    frame_indices: z.array(wholeNumber).min(1).max(MAX_FRAMES).nullish(),
    time_indices: z.array(numberSchema).min(1).max(MAX_FRAMES).nullish(),
    fps: numberSchema.pipe(z.number().positive()).nullish(),
    min_n_frames: count,
    mask_boxes: leftOut,
  })
  .transform((video, context): SampleClip => {
    const wrong = (message: string) => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    const listed = video.video_file ?? video.image_file
    if (listed == null) return wrong('video_file or image_file is missing')
    const file = video.video_file == null ? [listed].flat() : listed
    const frames = choiceOf(video)
    if (typeof file !== 'string' && frames && usesTime(frames)) return wrong('pictures cannot be selected by time')
    return { file, ...(frames && { frames }) }
  })

const imageSchema = z
  .object({ image_file: pictureFileSchema.nullish(), video_file: pictureFileSchema.nullish(), frame_indices: frameNumber })
  .transform(({ image_file, video_file, frame_indices }, context): SampleClip => {
    if (image_file != null) return { file: image_file, frames: { kind: 'picture' } }
    if (video_file != null && frame_indices != null) return { file: video_file, frames: { kind: 'indices', indices: [frame_indices] } }
    context.addIssue({ code: 'custom', message: 'image_file, or video_file with a frame number, is missing' })
    return z.NEVER
  })

const partSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string().nullish(), reference: referenceSchema.nullish() }),
  z.object({ type: z.literal('video'), video: videoSchema }),
  z.object({ type: z.literal('image'), image: imageSchema }),
])
type Part = z.infer<typeof partSchema>

const messageSchema = z.object({
  role: z.string(),
  /** A single part need not be wrapped in a list. */
  content: z.preprocess((content) => (Array.isArray(content) ? content : content == null ? [] : [content]), z.array(partSchema)),
})
type Message = z.infer<typeof messageSchema>

/**
 * Version 2: messages in parts. Assistant text without a reference is the beginning of the answer; the part with the reference is the answer. If no
 * part has a reference, upstream still lets the model continue from the assistant's text, and replaces the last part with its answer.
 */
const lineSchema = z.object({
  ...commonFields,
  messages: z.array(messageSchema),
  /** The bare question, in lines that this program wrote for both versions. */
  text: z.object({ question: z.string().nullish() }).nullish().catch(null),
})

export const annotationV2Schema = (role: LineRole) => lineSchema.transform((line, context) => annotationOf(line, role, context))

function annotationOf(line: z.infer<typeof lineSchema>, role: LineRole, context: z.RefinementCtx): Annotation {
  const wrong = (message: string) => {
    context.addIssue({ code: 'custom', path: ['messages'], message })
    return z.NEVER
  }
  const roles = line.messages.map(({ role }) => role).join(', ')
  if (roles !== 'user, assistant' && roles !== 'user')
    return wrong(`there must be one user message and at most one assistant message, but the roles are: ${roles || 'none'}`)
  const [user, assistant = { role: 'assistant', content: [] }] = line.messages as [Message, Message?]
  const texts = assistant.content.flatMap((part) => (part.type === 'text' ? [part] : []))
  const answers = texts.filter((part) => part.reference != null)
  if (answers.length > 1) return wrong(`there must be one reference, but there are ${answers.length}`)
  const [referenced] = answers
  const prompt = textOf(user.content)
  const question = line.text?.question?.trim()
  const answer = referenced ?? (role === 'prediction' ? texts.at(-1) : undefined)
  return {
    sample: {
      ...commonOf(line),
      content: user.content.flatMap(contentOf),
      prompt,
      answerPrefix: textOf(texts.filter((part) => part !== answer)),
      reference: referenced?.reference ?? '',
      question: question === undefined || question === prompt ? null : question,
    },
    referenced: isReference(referenced?.reference),
    answer: answer?.text || null,
    version: 2,
  }
}

function contentOf(part: Part): SamplePart[] {
  switch (part.type) {
    case 'text':
      return part.text ? [{ kind: 'text', text: part.text }] : []
    case 'video':
      return [{ kind: 'clip', clip: part.video }]
    case 'image':
      return [{ kind: 'clip', clip: part.image }]
    default:
      return assertNever(part, 'part')
  }
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('')
}

interface VideoFields {
  readonly start_time?: number | null | undefined
  readonly end_time?: number | null | undefined
  readonly start_frame?: number | null | undefined
  readonly end_frame?: number | null | undefined
  readonly frame_indices?: number[] | null | undefined
  readonly time_indices?: number[] | null | undefined
  readonly fps?: number | null | undefined
  readonly min_n_frames?: number | null | undefined
}

/** Applies upstream's precedence: times override frame numbers, both override a rate, and a rate overrides a range. */
function choiceOf({ frame_indices, time_indices, fps, min_n_frames, ...ends }: VideoFields): FrameChoice | undefined {
  if (time_indices) return { kind: 'times', times: time_indices }
  const range = rangeOf(ends) ?? undefined
  // A rate also overrides frame numbers; if it yields too many frames, the range applies.
  if (fps) return { kind: 'rate', rate: fps, ...(range && { range }) }
  if (frame_indices) return { kind: 'indices', indices: frame_indices }
  if (min_n_frames) return { kind: 'least', count: min_n_frames, ...(range && { range }) }
  return range && { kind: 'range', range }
}

function usesTime(frames: FrameChoice): boolean {
  return frames.kind === 'times' || frames.kind === 'rate' || ('range' in frames && frames.range?.unit === 'seconds')
}

/** Upstream uses seconds if both are given, otherwise frames; the last frame is included. */
function rangeOf({ start_time, end_time, start_frame, end_frame }: VideoFields): ClipRange | null {
  if (start_time != null && end_time != null) return secondsRange(start_time, end_time)
  if (start_frame == null && end_frame == null) return null
  return { unit: 'frames', ...(start_frame != null && { start: start_frame }), ...(end_frame != null && { end: end_frame + 1 }) }
}
