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

/** Where the clip goes in a prompt. */
const CLIP = /<video>|<image>/g

/** Version 1: one prompt with role words in it, `USER: <video> … ASSISTANT: Answer: (`; or without, and then all of it is the user's. */
export const annotationV1Schema = z
  .object({
    ...commonFields,
    text: z.object({
      prompt: z.string(),
      response: referenceSchema.nullish(),
      question: z.string().nullish(),
      prediction: z.string().nullish(),
    }),
    video_file: videoFileSchema,
    start_time: secondsSchema,
    end_time: secondsSchema,
  })
  .transform((line, context): Annotation => {
    const { prompt, response, question, prediction } = line.text
    const [, user = prompt, begun = ''] = /USER:(.*)ASSISTANT:(.*)/s.exec(prompt) ?? []
    if ((user.match(CLIP)?.length ?? 0) > 1)
      context.addIssue({ code: 'custom', path: ['text', 'prompt'], message: 'it shows more than one clip' })
    return {
      sample: {
        ...commonOf(line),
        videoFile: line.video_file,
        prompt: user
          .split(CLIP)
          .map((part) => part.trim())
          .filter((part) => part !== '')
          .join(' '),
        begun: begun.trim() === '' ? '' : begun,
        reference: response ?? '',
        question: question?.trim() ?? null,
        ...secondsRange(line.start_time, line.end_time),
      },
      referenced: response != null,
      answer: prediction ?? null,
      version: 1,
    }
  })
