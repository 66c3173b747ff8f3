import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadLanguage } from '../../../src/engine/language/llama-model.ts'
import type { Generated, Language, Piece, Session } from '../../../src/engine/language/types.ts'
import type { LanguageDeviceChoice } from '../../../src/shared/devices.ts'
import { type Sampling, samplingSchema } from '../../../src/shared/sampling.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/language/${name}`, import.meta.url))

/** A random Qwen2-VL language model (tools/reference/language_fixture.py). */
export const tinyModel = fixture('tiny-qwen2vl.gguf')

/** The prompts that Hugging Face builds with the tiny model's vocabulary (tools/reference/prompt_fixture.py). */
export const prompts = JSON.parse(readFileSync(fixture('prompts.json'), 'utf8')) as {
  template: string
  videoPad: string
  texts: { text: string; tokens: number[] }[]
  prompts: { messages: { role: 'user'; content: ({ type: 'text'; text: string } | { type: 'video' })[] }[]; tokens: number[] }[]
}

export const never = new AbortController().signal

export function loadTiny(path = tinyModel, device: LanguageDeviceChoice = 'cpu'): Promise<Language> {
  return loadLanguage(path, { template: prompts.template, videoPad: prompts.videoPad, device, signal: never })
}

export async function generateAll(session: Session, sampling: Partial<Sampling>, signal = never): Promise<Generated & { pieces: Piece[] }> {
  const stream = session.generate(samplingSchema.parse(sampling), signal)
  const pieces: Piece[] = []
  for (;;) {
    const next = await stream.next()
    if (next.done === true) return { ...next.value, pieces }
    pieces.push(next.value)
  }
}

/** Positions of rows that stand for text: t, h and w are equal and count from `start`. */
export function textPlanes(start: number, count: number): Int32Array {
  return Int32Array.from({ length: 3 * count }, (_, i) => start + (i % count))
}
