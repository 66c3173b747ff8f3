import type { Turn } from '../shared/contract/chats.ts'
import type { DeviceChoice } from '../shared/devices.ts'

/** Milliseconds a token takes: of a picture (decoding, the tower and the language model together), of the question, and of the answer. */
export interface Speed {
  readonly visual: number
  readonly text: number
  readonly word: number
}

/** Answers that lie back further say little about the machine as it is. */
const RECENT = 8

/**
 * How fast a model has been on a device by its own latest answers, each a median; null while it has looked at no clip there, because
 * nothing else tells.
 */
export function speedOf(turns: readonly Pick<Turn, 'answer' | 'settings'>[], device: DeviceChoice): Speed | null {
  const answers = turns.filter((turn) => (turn.settings.device ?? 'auto') === device).flatMap(({ answer }) => answer ?? [])
  const looked = answers
    .filter(({ cached, tokens }) => cached === 'nothing' && tokens.visual > 0 && tokens.evaluated >= tokens.visual)
    .slice(0, RECENT)
  const said = answers.filter(({ tokens }) => tokens.generated > 1).slice(0, RECENT)
  if (looked.length === 0 || said.length === 0) return null
  return {
    // Stages overlap, so that the time to the first word says more than their sum.
    visual: median(looked.map(({ timings, tokens }) => timings.firstToken / tokens.evaluated)),
    text: median(looked.map(({ timings, tokens }) => timings.prefill / tokens.evaluated)),
    word: median(said.map(({ timings, tokens }) => timings.generate / tokens.generated)),
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
