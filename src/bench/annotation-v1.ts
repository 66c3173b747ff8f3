import { extname } from 'node:path'
import { z } from 'zod'
import {
  type Annotation,
  commonFields,
  commonOf,
  referenceSchema,
  secondsRange,
  secondsSchema,
  videoFileSchema,
} from './annotation-fields.ts'
import { clipThenText, type SamplePart } from './sample.ts'

/** Where the clip goes in a prompt. */
const CLIP = /<video>|<image>/g
/** Extensions of the pictures that upstream takes from a list; it passes over everything else. */
const PICTURES = ['.jpg', '.jpeg', '.png', '.tif']

const lineSchema = z.object({
  ...commonFields,
  text: z.object({
    prompt: z.string(),
    response: referenceSchema.nullish(),
    question: z.string().nullish(),
    prediction: z.string().nullish(),
  }),
  /** Without one, only words are asked. */
  video_file: z.union([videoFileSchema, z.literal('')]).nullish(),
  start_time: secondsSchema,
  end_time: secondsSchema,
})
type Line = z.infer<typeof lineSchema>

/** Version 1: one prompt with role words in it, `USER: <video> … ASSISTANT: Answer: (`; or without, and then all of it is the user's. */
export const annotationV1Schema = lineSchema.transform((line, context): Annotation => {
  const { prompt, response, question, prediction } = line.text
  const [, user = prompt, begun = ''] = /USER:(.*)ASSISTANT:(.*)/s.exec(prompt) ?? []
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
      begun: begun.trim() === '' ? '' : begun,
      reference: response ?? '',
      question: question?.trim() ?? null,
    },
    referenced: response != null,
    answer: prediction ?? null,
    version: 1,
  }
})

/** What is shown before the words, of which the prompt has so many marks; or what is wrong with it. */
function contentOf({ video_file, start_time, end_time }: Line, marks: number, text: string): SamplePart[] | string {
  if (!video_file) return marks > 0 ? 'it shows a clip, but there is no video_file' : [{ kind: 'text', text }]
  if (typeof video_file === 'string') {
    if (marks > 1) return 'it shows more than one clip'
    const range = secondsRange(start_time, end_time)
    return clipThenText(video_file, text, range === null ? undefined : { kind: 'range', range })
  }
  const pictures = video_file.filter((file) => PICTURES.includes(extname(file).toLowerCase()))
  if (pictures.length === 0) return 'none of the files of its clip is a picture'
  if (marks > 1 && marks !== pictures.length) return `it shows ${marks} pictures, but there are ${pictures.length}`
  return clipThenText(pictures, text)
}
