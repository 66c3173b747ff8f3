import { TarsierError } from '../../shared/errors.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Throws `model-damaged` if special tokens are outside the vocabulary, or if there is no end token. */
export function expectSpecialTokens({ tokens, specialIds }: Vocabulary, directory: string): void {
  for (const [kind, id] of specialIds) {
    if (id >= tokens.length) {
      throw new TarsierError(
        'model-damaged',
        `${directory}: the ${kind} token has the id ${id}, but there are only ${tokens.length} tokens.`,
      )
    }
  }
  // Without one, llama.cpp would use its default id, which is an ordinary token.
  if (!specialIds.has('eos')) {
    throw new TarsierError(
      'model-damaged',
      `${directory} does not define the end-of-sequence token (eos_token in tokenizer_config.json, or eos_token_id in config.json). Download all files of the checkpoint.`,
    )
  }
}
