import type { Turn } from '../../shared/contract/chats.ts'
import type { FinishReason } from '../../shared/sampling.ts'
import { counted } from '../../shared/size-text.ts'
import { durationText } from './time-text.ts'

/** Text below an answer that did not end normally; null if there is none. */
export function endText({ state, answer }: Turn): string | null {
  if (state === 'running') return 'The answer is being generated…'
  if (state === 'stopped') return 'Stopped.'
  if (state === 'cut-off') return 'Incomplete: Tarsier was closed while generating this answer.'
  return answer ? finishTexts[answer.finish] : null
}

const finishTexts: Readonly<Record<FinishReason, string | null>> = {
  end: null,
  stop: null,
  aborted: 'Stopped.',
  length: 'The answer reached the maximum number of tokens. You can raise the limit in Settings.',
  repetition: 'The answer started to repeat itself and was stopped.',
}

/** How an answer was generated, as pairs of label and value. */
export function makingOf({ model, answer, settings }: Turn): readonly (readonly [string, string])[] {
  if (!answer) return [['Model', model]]
  const { timings, tokens, device, width, height, frames, cached } = answer
  const seconds = (ms: number) => durationText(ms / 1000)
  return [
    ['Model', model],
    ['Frames', `${frames.length} of ${width} × ${height} pixels`],
    [
      'Tokens',
      `${counted(tokens.visual, 'visual')} + ${counted(tokens.prompt, 'of text', 'of text')}, ${counted(tokens.generated, 'new', 'new')}`,
    ],
    ['Computed', `${counted(tokens.evaluated, 'token')}${cached === 'nothing' ? '' : `, the rest came from the cache (${cached})`}`],
    ['First word', seconds(timings.firstToken)],
    ['Decoding and encoding', seconds(Math.max(timings.decode, timings.encode))],
    ['Processing the prompt', seconds(timings.prefill)],
    ['Writing', `${seconds(timings.generate)}${rate(tokens.generated, timings.generate)}`],
    ['Vision device', device.vision],
    ['Language device', device.language],
    ...(settings.system ? [['System prompt', settings.system] as const] : []),
  ]
}

/** Fewer tokens take too short a time for a speed. */
const MIN_RATED = 20

function rate(tokens: number, ms: number): string {
  return ms > 0 && tokens >= MIN_RATED ? `, ${(tokens / (ms / 1000)).toFixed(1)} tokens/s` : ''
}
