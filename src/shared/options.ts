import { z } from 'zod'
import { deviceChoiceSchema, deviceChoices } from './devices.ts'
import { frameOptions } from './frame-request.ts'
import { samplingSchema } from './sampling.ts'

const sampling = samplingSchema.shape

/**
 * Everything that a user can choose about an answer: its meaning, unit, range and default. The command line's help, the settings of the page and
 * `docs/reference` are made from these schemas.
 */
export const options = {
  model: z.string().min(1).max(4096).meta({
    title: 'Model',
    description: 'Name of an imported model, or path of a model folder. The built-in "demo" model supports only moving shapes.',
    whenAbsent: 'demo',
  }),
  device: deviceChoiceSchema.meta({
    title: 'Device',
    description:
      `Where the vision tower and the language model run: ${deviceChoices.join(', ')}. "auto" uses the first device that works; any other device must work or the run fails. ` +
      '"vulkan:RTX" (also cuda, metal) uses the GPUs whose name contains RTX for the language model. "vision=webgpu,language=vulkan" sets the device of each part.',
    allowed: `${deviceChoices.join(', ')}, or as in "vulkan:RTX" and "vision=cpu,language=vulkan"`,
    whenAbsent: 'auto',
  }),
  cache: z.boolean().meta({
    title: 'Cache',
    description: 'Stores computed data of a clip on disk, so that follow-up questions do not decode and encode the clip again.',
    whenAbsent: 'on',
  }),
  loadInAdvance: z.boolean().meta({
    title: 'Load in advance',
    description:
      'Loads the model when the app starts or a clip is opened, if enough memory is free, so that the first question need not wait for it. ' +
      'Without a question the model leaves the memory after ten minutes.',
    whenAbsent: 'on',
  }),
  prompt: z.string().trim().min(1).max(100_000).meta({
    title: 'Prompt',
    description: 'Question to ask about each clip.',
    whenAbsent: "the model's default description prompt",
  }),
  system: z.string().trim().max(100_000).meta({
    title: 'System prompt',
    description:
      "Instructions before the conversation, such as the language of the answers. Replaces the default of the model's chat template; an empty text keeps that default.",
    whenAbsent: "the chat template's default",
  }),
  queue: z
    .string()
    .trim()
    .max(2000)
    .regex(/^$|^postgres(ql)?:\/\//i, 'must have the form postgres://USER@HOST:PORT/DATABASE')
    .refine(
      (url) => !/^[^/]*\/\/[^/@]*:[^/@]*@|[?&]password=/i.test(url),
      'must not contain a password; PGPASSWORD or the file in PGPASSFILE has it',
    )
    .meta({
      title: 'Queue',
      description:
        'PostgreSQL database whose jobs are shown beside the batches: postgres://USER@HOST:PORT/DATABASE. Its password is in PGPASSWORD or in the file of PGPASSFILE.',
      whenAbsent: 'the address in TARSIER_QUEUE',
    }),
  ...frameOptions,
  maxTokens: sampling.maxTokens.unwrap(),
  temperature: sampling.temperature.unwrap(),
  topP: sampling.topP.unwrap(),
  topK: sampling.topK,
  repeatPenalty: sampling.repeatPenalty,
  seed: sampling.seed.unwrap(),
  stop: sampling.stop.unwrap(),
} as const

/** Defaults of a search for events. `frames` per segment are a minimum: a model whose own default is higher uses that. */
export const eventDefaults = { segmentSeconds: 16, precision: 0.25, frames: 16 } as const

/** Frames of a segment by default, for a model whose own default is `own`. */
export function eventFrames(own: number): number {
  return Math.max(eventDefaults.frames, own)
}

/** What a user can choose about events with times, and about checks of a text. */
export const eventOptions = {
  segmentSeconds: z
    .number()
    .min(1)
    .max(3600)
    .meta({
      title: 'Segment length',
      description: 'Maximum length of the parts of a clip that are described on their own.',
      unit: 'seconds',
      whenAbsent: String(eventDefaults.segmentSeconds),
    }),
  precision: z
    .number()
    .min(0.01)
    .max(60)
    .meta({
      title: 'Precision',
      description: 'How exactly the start of each event is found. The clip is examined more closely where its frames are further apart.',
      unit: 'seconds',
      whenAbsent: String(eventDefaults.precision),
    }),
  failBelow: z.number().min(0).max(1).meta({
    title: 'Minimum support',
    description: 'Ends with exit status 1 if the support of a sentence is lower.',
    whenAbsent: 'never',
  }),
} as const

export const cutBy = ['segment', 'event', 'chapter'] as const
/** What each piece of a clip contains. */
export type CutBy = (typeof cutBy)[number]

/** What a user can choose about pieces that are cut out of clips. */
export const cutOptions = {
  by: z.enum(cutBy).meta({
    title: 'Pieces',
    description: 'What each piece contains. Events without a time are not cut; an event whose end is not known ends with its segment.',
    whenAbsent: 'segment',
  }),
  pad: z.number().min(0).max(3600).meta({
    title: 'Padding',
    description: 'How much longer each piece is at both sides, within the clip.',
    unit: 'seconds',
    whenAbsent: '0',
  }),
} as const
