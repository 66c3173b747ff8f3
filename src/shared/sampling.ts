import { z } from 'zod'

/** How words are drawn. Every field has the reference's default: greedy, 256 new tokens. */
export const samplingSchema = z
  .object({
    /** Most tokens to generate. Defaults to 256. */
    maxTokens: z.int().min(1).max(32768).default(256),
    /** 0 is greedy (the most likely token each time). Defaults to 0. */
    temperature: z.number().min(0).max(2).default(0),
    /** Nucleus: only the most likely tokens that together reach this probability. 1 keeps all. Defaults to 1. */
    topP: z.number().gt(0).max(1).default(1),
    /** Only the k most likely tokens; 0 keeps all. Defaults to 0. */
    topK: z.int().min(0).default(0),
    /** Divides the logits of tokens seen in the last 64; 1 changes nothing. Defaults to 1. */
    repeatPenalty: z.number().min(1).max(2).default(1),
    /** Makes drawing repeatable. Defaults to a fresh seed when temperature is above 0. */
    seed: z.int().min(0).max(0xfffffffe).optional(),
    /** Generation ends before any of these strings. Defaults to none. */
    stop: z.array(z.string().min(1)).max(16).default([]),
    /** A grammar in llama.cpp's GBNF with a rule `root`: the answer is a sentence of it, unless it ends before its time. Defaults to none. */
    grammar: z.string().min(1).max(2_000_000).optional(),
    /** With every token its log probability, and those of so many of the likeliest. Defaults to none of it. */
    logprobs: z.int().min(0).max(20).optional(),
  })
  .strict()
export type Sampling = z.infer<typeof samplingSchema>

/** Why generation ended: an end token, a stop string, the token limit, endless repetition, or the caller. */
export const finishReasons = ['end', 'stop', 'length', 'repetition', 'aborted'] as const
export type FinishReason = (typeof finishReasons)[number]
