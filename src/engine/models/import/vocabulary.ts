import { TarsierError } from '../../../shared/errors.ts'
import { SPECIAL_KINDS } from './checkpoint-config.ts'
import type { TokenizerFiles } from './tokenizer-files.ts'

/** llama.cpp's numbers for what a token is. */
export const tokenTypes = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const

/** A byte-level BPE vocabulary as GGUF carries it. */
export interface Vocabulary {
  /** The text of each id, in the byte-level alphabet for merged tokens, as it is for added ones. */
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  readonly merges: readonly string[]
  /** Ids of the special tokens by kind (`bos`, `eos`, `pad`...), in the order they were found. */
  readonly specialIds: ReadonlyMap<string, number>
  /** Whether such a token is put around a text by itself, where the settings say so. */
  readonly adds: ReadonlyMap<string, boolean>
}

/**
 * The vocabulary that llama.cpp's own converter makes of a tokenizer: `size` ids, those without a token named `[PADn]` and
 * unused; added tokens are control tokens when they are special or look it, user-defined ones otherwise. `configIds` are
 * config.json's special tokens, which count where the tokenizer's settings say nothing.
 */
export function makeVocabulary(files: TokenizerFiles, size: number, configIds: ReadonlyMap<string, number>): Vocabulary {
  const texts = new Map(files.vocabulary.map(([text, id]) => [id, text]))
  for (const [id, { content }] of files.added) texts.set(id, content)
  const addedTexts = new Set([...files.added.values()].map(({ content }) => content))
  for (const [id, text] of texts) {
    if (id >= size) {
      throw new TarsierError(
        'model-damaged',
        `${files.path}: the token "${text}" has the id ${id}, but vocab_size in config.json is ${size}. The files do not belong together.`,
        { details: { id, size } },
      )
    }
  }
  const special = new Set([...files.added.values()].filter((token) => token.special).map(({ content }) => content))
  for (const kind of SPECIAL_KINDS) {
    const content = contentOf(files.settings?.[`${kind}_token`])
    if (content !== null) special.add(content)
  }
  const tokens: string[] = []
  const types: number[] = []
  for (let id = 0; id < size; id++) {
    const text = texts.get(id)
    if (text === undefined) {
      tokens.push(`[PAD${id}]`)
      types.push(tokenTypes.unused)
    } else if (!addedTexts.has(text)) {
      tokens.push(text)
      types.push(tokenTypes.normal)
    } else if (special.has(text) || looksSpecial(text)) {
      tokens.push(text)
      types.push(tokenTypes.control)
    } else {
      // A text's spaces are written so by some tokenizers, and llama.cpp looks for the text itself.
      tokens.push(text.replaceAll('▁', ' '))
      types.push(tokenTypes.userDefined)
    }
  }
  return { tokens, types, merges: files.merges, specialIds: findSpecialIds(files, configIds), adds: findAdds(files) }
}

/** Tokens that some checkpoints forget to mark as special. */
function looksSpecial(text: string): boolean {
  return (
    (text.startsWith('<|') && text.endsWith('|>')) ||
    text === '<pad>' ||
    text === '<mask>' ||
    (text.startsWith('<unused') && text.endsWith('>'))
  )
}

function findSpecialIds({ settings, ownIds, added }: TokenizerFiles, configIds: ReadonlyMap<string, number>): Map<string, number> {
  const ids = new Map<string, number>()
  // Without tokenizer.json the ids stand in the settings alone.
  const addedIds = new Map([...added].map(([id, { content }]) => [content, id]))
  for (const kind of SPECIAL_KINDS) {
    const content = contentOf(settings?.[`${kind}_token`])
    const id = content === null ? undefined : (ownIds.get(content) ?? addedIds.get(content))
    if (id !== undefined) ids.set(kind, id)
  }
  for (const [kind, id] of configIds) if (!ids.has(kind)) ids.set(kind, id)
  return ids
}

function findAdds({ settings }: TokenizerFiles): Map<string, boolean> {
  const adds = new Map<string, boolean>()
  for (const kind of SPECIAL_KINDS) {
    const value = settings?.[`add_${kind}_token`]
    if (typeof value === 'boolean') adds.set(kind, value)
  }
  return adds
}

/** A special token in the settings: its text, or an object around it. */
function contentOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') return value.content
  return null
}
