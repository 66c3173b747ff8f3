import type { Turn } from '../../shared/contract/chats.ts'
import type { Answer } from '../../shared/engine-events.ts'
import { assertNever } from '../../shared/errors.ts'
import type { FinishReason } from '../../shared/sampling.ts'
import { t } from '../../shared/text.ts'
import { durationText } from './time-text.ts'

/** Text below an answer that did not end normally; null if there is none. */
export function endText({ state, answer }: Turn): string | null {
  if (state === 'running') return t('The answer is being generated…')
  if (state === 'stopped') return t('Stopped.')
  if (state === 'cut-off') return t('Incomplete: Tarsier was closed while generating this answer.')
  return answer ? finishTexts[answer.finish] : null
}

const finishTexts: Readonly<Record<FinishReason, string | null>> = {
  end: null,
  stop: null,
  aborted: t('Stopped.'),
  length: t('The answer reached the maximum number of tokens. You can raise the limit in Settings.'),
  repetition: t('The answer started to repeat itself and was stopped.'),
}

/** How an answer was generated, as pairs of label and value. */
export function makingOf({ model, answer, settings }: Turn): readonly (readonly [string, string])[] {
  if (!answer) return [[t('Model'), model]]
  const { timings, tokens, device, width, height, frames, cached } = answer
  const seconds = (ms: number) => durationText(ms / 1000)
  return [
    [t('Model'), model],
    [t('Frames'), t('{count} of {width} × {height} pixels', { count: frames.length, width, height })],
    [
      t('Tokens'),
      t('{visual, number} visual + {prompt, number} of text, {generated, number} new', {
        visual: tokens.visual,
        prompt: tokens.prompt,
        generated: tokens.generated,
      }),
    ],
    [t('Computed'), computedText(tokens.evaluated, cached)],
    [t('First word'), seconds(timings.firstToken)],
    [t('Decoding and encoding'), seconds(Math.max(timings.decode, timings.encode))],
    [t('Processing the prompt'), seconds(timings.prefill)],
    [t('Writing'), writingText(tokens.generated, timings.generate)],
    [t('Vision device'), device.vision],
    [t('Language device'), device.language],
    ...(settings.system ? [[t('System prompt'), settings.system] as const] : []),
  ]
}

function computedText(tokens: number, cached: Answer['cached']): string {
  const count = t('{count, plural, one {# token} other {# tokens}}', { count: tokens })
  switch (cached) {
    case 'nothing':
      return count
    case 'embeddings':
      return t('{tokens}, the rest came from the cache (embeddings)', { tokens: count })
    case 'state':
      return t('{tokens}, the rest came from the cache (state)', { tokens: count })
    default:
      return assertNever(cached, 'use of the cache')
  }
}

/** Fewer tokens take too short a time for a speed. */
const MIN_RATED = 20

function writingText(tokens: number, ms: number): string {
  const duration = durationText(ms / 1000)
  if (ms === 0 || tokens < MIN_RATED) return duration
  return t('{duration}, {rate} tokens/s', { duration, rate: (tokens / (ms / 1000)).toFixed(1) })
}
