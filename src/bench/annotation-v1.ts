import { extname } from 'node:path'
import { z } from 'zod'
import {
  type Annotation,
  commonFields,
  commonOf,
  isReference,
  referenceSchema,
  secondsRange,
  secondsSchema,
  videoFileSchema,
} from './annotation-fields.ts'
import { clipThenText, type SamplePart } from './sample.ts'

/** Placeholder of the clip in a prompt. */
const CLIP = /<video>|<image>/g
/** Image extensions that upstream accepts in a list; it skips all other files. */
const PICTURES = ['.jpg', '.jpeg', '.png', '.tif']

const lineSchema = z.object({
  ...commonFields,
  text: z.object({
    prompt: z.string(),
    response: referenceSchema.nullish(),
    question: z.string().nullish(),
    prediction: z.string().nullish(),
  }),
  /** Absent or empty for a text-only question. */
  video_file: z.union([videoFileSchema, z.literal('')]).nullish(),
  start_time: secondsSchema,
  end_time: secondsSchema,
})
type Line = z.infer<typeof lineSchema>

/** Version 1: a single prompt with role labels, `USER: <video> … ASSISTANT: Answer: (`. Without labels, the whole prompt is the user's. */
export const annotationV1Schema = lineSchema.transform((line, context): Annotation => {
  const { prompt, response, question, prediction } = line.text
  const [, user = prompt, answerPrefix = ''] = /USER:(.*)ASSISTANT:(.*)/s.exec(prompt) ?? []
  const text = user
    .split(CLIP)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ')
  const content = contentOf(line, user.match(CLIP)?.length ?? 0, text)
  if (typeof content === 'string') {
    context.addIssue({ code: 'custom', path: ['text', 'prompt'], message: content })
    return z.NEVER
  }
  return {
    sample: {
      ...commonOf(line),
      content,
      prompt: text,
      answerPrefix: answerPrefix.trim() === '' ? '' : answerPrefix,
      reference: response ?? '',
      question: question?.trim() ?? null,
    },
    referenced: isReference(response),
    answer: prediction ?? null,
    version: 1,
  }
})

/** Returns the visual parts that precede the text (the prompt has one mark for each), or the reason why the line is invalid. */
function contentOf({ video_file, start_time, end_time }: Line, marks: number, text: string): SamplePart[] | string {
  if (!video_file) return marks > 0 ? 'it contains a clip, but no video_file' : [{ kind: 'text', text }]
  if (typeof video_file === 'string') {
    if (marks > 1) return 'it contains more than one clip'
    const range = secondsRange(start_time, end_time)
    return clipThenText(video_file, text, range === null ? undefined : { kind: 'range', range })
  }
  const pictures = video_file.filter((file) => PICTURES.includes(extname(file).toLowerCase()))
  if (pictures.length === 0) return 'none of the files of its clip is a picture'
  if (marks > 1 && marks !== pictures.length) return `it contains ${marks} pictures, but there are ${pictures.length} files`
  return clipThenText(pictures, text)
}
