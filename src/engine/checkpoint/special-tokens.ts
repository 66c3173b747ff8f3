import { TarsierError } from '../../shared/errors.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Special tokens that do not lie in the vocabulary, or none that ends an answer. Throws `model-damaged`. */
export function expectSpecialTokens({ tokens, specialIds }: Vocabulary, directory: string): void {
  for (const [kind, id] of specialIds) {
    if (id >= tokens.length) {
      throw new TarsierError(
        'model-damaged',
        `${directory}: the ${kind} token has the id ${id}, but there are only ${tokens.length} tokens.`,
      )
    }
  }
  // Without one, llama.cpp would take an ordinary token in its place for the end.
  if (!specialIds.has('eos')) {
    throw new TarsierError(
      'model-damaged',
      `${directory} does not say which token ends an answer (eos_token in tokenizer_config.json, or eos_token_id in config.json). Fetch all the checkpoint's files.`,
    )
  }
}
