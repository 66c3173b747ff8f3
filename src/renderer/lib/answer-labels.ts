import type { Turn } from '../../shared/contract/chats.ts'
import type { FinishReason } from '../../shared/sampling.ts'
import { counted } from '../../shared/size-text.ts'
import { durationText } from './time-text.ts'

/** Text below an answer that did not end normally; null if there is none. */
export function endText({ state, answer }: Turn): string | null {
  if (state === 'running') return 'It is being answered…'
  if (state === 'stopped') return 'Stopped here.'
  if (state === 'cut-off') return 'Cut off here: Tarsier ended while it was answering.'
  return answer ? finishTexts[answer.finish] : null
}

const finishTexts: Readonly<Record<FinishReason, string | null>> = {
  end: null,
  stop: null,
  aborted: 'Stopped here.',
  length: 'It reached the most tokens that an answer may have; Settings can allow more.',
  repetition: 'It began to repeat itself, and was ended.',
}

/** How an answer was generated, as pairs of label and value. */
export function makingOf({ model, answer }: Turn): readonly (readonly [string, string])[] {
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
    ['Reading and looking', seconds(Math.max(timings.decode, timings.encode))],
    ['Thinking', seconds(timings.prefill)],
    ['Writing', `${seconds(timings.generate)}${rate(tokens.generated, timings.generate)}`],
    ['Eyes run on', device.vision],
    ['Language runs on', device.language],
  ]
}

function rate(tokens: number, ms: number): string {
  return ms > 0 && tokens > 1 ? `, ${(tokens / (ms / 1000)).toFixed(1)} tokens a second` : ''
}
