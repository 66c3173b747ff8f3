import { TarsierError } from '../../shared/errors.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Placeholder token for a clip in the templates of Qwen2-VL and Qwen2.5-VL. */
export const VIDEO_PAD = '<|video_pad|>'

/** Throws `model-unsupported` for a vocabulary without it. */
export function expectVideoPad({ tokens }: Pick<Vocabulary, 'tokens'>, directory: string): void {
  if (tokens.includes(VIDEO_PAD)) return
  throw new TarsierError(
    'model-unsupported',
    `The tokenizer in ${directory} does not contain the token "${VIDEO_PAD}". It is not a tokenizer of a Qwen2-VL checkpoint.`,
  )
}
