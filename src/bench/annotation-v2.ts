import { z } from 'zod'
import type { ClipRange } from '../shared/frame-request.ts'
import {
  type Annotation,
  commonFields,
  commonOf,
  type LineRole,
  referenceSchema,
  secondsRange,
  secondsSchema,
  videoFileSchema,
} from './annotation-fields.ts'

/** Upstream can be told frames in ways that a run here decides itself; a sample asked about other frames would be another sample. */
const leftOut = z.null('frames cannot be chosen this way here').optional()
const frameNumber = z.int().min(0).nullish()

const clipSchema = z.object({
  start_time: secondsSchema,
  end_time: secondsSchema,
  start_frame: frameNumber,
  end_frame: frameNumber,
  frame_indices: leftOut,
  time_indices: leftOut,
  fps: leftOut,
  min_n_frames: leftOut,
  mask_boxes: leftOut,
})
type ClipFields = z.infer<typeof clipSchema>

const partSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string().nullish(), reference: referenceSchema.nullish() }),
  z.object({ type: z.literal('video'), video: clipSchema.extend({ video_file: videoFileSchema }) }),
  z.object({ type: z.literal('image'), image: clipSchema.extend({ image_file: videoFileSchema }) }),
])
type Part = z.infer<typeof partSchema>

const messageSchema = z.object({
  role: z.string(),
  /** One part may stand without its list. */
  content: z.preprocess((content) => (Array.isArray(content) ? content : content == null ? [] : [content]), z.array(partSchema)),
})
type Message = z.infer<typeof messageSchema>

/**
 * Version 2: messages in parts. What the assistant says without a reference begins the answer; the part with the reference is the answer. Where
 * no part has one, upstream still lets the model go on from what the assistant says, and puts its answer in the place of the last part.
 */
const lineSchema = z.object({
  ...commonFields,
  messages: z.array(messageSchema),
  /** Lines that this program wrote for both versions have the bare question here. */
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
    return wrong(`one message of the user and at most one of the assistant are wanted, but they are of: ${roles || 'nobody'}`)
  const [user, assistant = { role: 'assistant', content: [] }] = line.messages as [Message, Message?]
  const clips = user.content.flatMap(clipOf)
  const [clip] = clips
  if (!clip || clips.length > 1) return wrong(`one clip is wanted, but there are ${clips.length}`)
  const texts = assistant.content.flatMap((part) => (part.type === 'text' ? [part] : []))
  const answers = texts.filter((part) => part.reference != null)
  if (answers.length > 1) return wrong(`one reference is wanted, but there are ${answers.length}`)
  const [referenced] = answers
  const prompt = textOf(user.content)
  const question = line.text?.question?.trim()
  const answer = referenced ?? (role === 'prediction' ? texts.at(-1) : undefined)
  return {
    sample: {
      ...commonOf(line),
      videoFile: clip.file,
      prompt,
      begun: textOf(texts.filter((part) => part !== answer)),
      reference: referenced?.reference ?? '',
      question: question === undefined || question === prompt ? null : question,
      ...rangeOf(clip.fields),
    },
    referenced: referenced !== undefined,
    answer: answer?.text || null,
    version: 2,
  }
}

function clipOf(part: Part): { readonly file: string; readonly fields: ClipFields }[] {
  if (part.type === 'video') return [{ file: part.video.video_file, fields: part.video }]
  if (part.type === 'image') return [{ file: part.image.image_file, fields: part.image }]
  return []
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('')
}

/** Upstream takes seconds where both are given, else frames, the last of which is meant too. */
function rangeOf(fields: ClipFields): { readonly range?: ClipRange } {
  const { start_time, end_time, start_frame, end_frame } = fields
  if (start_time != null && end_time != null) return secondsRange(start_time, end_time)
  if (start_frame == null && end_frame == null) return {}
  return {
    range: {
      unit: 'frames',
      ...(start_frame != null && { start: start_frame }),
      ...(end_frame != null && { end: end_frame + 1 }),
    },
  }
}
