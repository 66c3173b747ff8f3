import { z } from 'zod'

/** How tokens are chosen. Every field has the reference's default: the most likely token each time, 256 new tokens. */
export const samplingSchema = z
  .object({
    maxTokens: z
      .int()
      .min(1)
      .max(32768)
      .meta({
        title: 'Answer length',
        description: 'Maximum number of tokens in an answer. A token is about three quarters of a word.',
        unit: 'tokens',
        whenAbsent: 'model-specific, 256 for Tarsier2',
      })
      .default(256),
    temperature: z
      .number()
      .min(0)
      .max(2)
      .meta({
        title: 'Temperature',
        description: 'At 0 the most likely token is always used; higher values make answers more varied.',
        whenAbsent: 'model-specific, 0 for Tarsier2',
      })
      .default(0),
    topP: z
      .number()
      .gt(0)
      .max(1)
      .meta({
        title: 'Top-p',
        description:
          'Above temperature 0, samples from the most likely tokens whose probabilities add up to this value; 1 uses all tokens.',
        whenAbsent: 'model-specific, 1 for Tarsier2',
      })
      .default(1),
    topK: z
      .int()
      .min(0)
      .meta({ title: 'Top-k', description: 'Above temperature 0, samples from this number of most likely tokens; 0 uses all tokens.' })
      .default(0),
    repeatPenalty: z
      .number()
      .min(1)
      .max(2)
      .meta({
        title: 'Repeat penalty',
        description: 'Divides the scores of the last 64 tokens to reduce repetition; 1 has no effect.',
      })
      .default(1),
    seed: z
      .int()
      .min(0)
      .max(0xfffffffe)
      .meta({
        title: 'Seed',
        description: 'Above temperature 0, the same seed gives the same answer.',
        whenAbsent: 'a new seed each time',
      })
      .optional(),
    stop: z
      .array(z.string().min(1))
      .max(16)
      .meta({ title: 'Stop', description: 'Stops the answer before this text.', whenAbsent: 'none' })
      .default([]),
    /** A grammar in llama.cpp's GBNF with a rule `root`: the answer is a sentence of it, unless it ends early. Defaults to none. */
    grammar: z.string().min(1).max(2_000_000).optional(),
    /** Number of the most likely tokens whose log probabilities come with every token, beside its own. Defaults to no log probabilities. */
    logprobs: z.int().min(0).max(20).optional(),
  })
  .strict()
export type Sampling = z.infer<typeof samplingSchema>

/** Why generation ended: an end token, a stop string, the token limit, endless repetition, or the caller. */
export const finishReasons = ['end', 'stop', 'length', 'repetition', 'aborted'] as const
export type FinishReason = (typeof finishReasons)[number]
