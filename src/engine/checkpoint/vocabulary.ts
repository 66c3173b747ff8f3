import { TarsierError } from '../../shared/errors.ts'
import { SPECIAL_KINDS } from './config-file.ts'
import type { TokenAdditions } from './token-additions.ts'
import type { TokenizerFiles } from './tokenizer-files.ts'

/** llama.cpp's numbers for token types. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

/** A vocabulary in the form in which GGUF stores it. */
export interface Vocabulary {
  /** GGUF's names of the tokenizer model, byte-level BPE or SentencePiece, and of the pre-tokenizer. */
  readonly kind: { readonly model: 'gpt2'; readonly pre: 'qwen2' } | { readonly model: 'llama'; readonly pre: 'default' }
  /** Text of each id. Merged tokens use the byte-level alphabet or ▁ for spaces; added tokens are plain text. */
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  /** SentencePiece's merge scores by id; empty for byte-level BPE. */
  readonly scores: readonly number[]
  /** Merges of byte-level BPE: pairs separated by a space, highest priority first. */
  readonly merges: readonly string[]
  /** Ids of the special tokens by kind (`bos`, `eos`, `pad`...), in the order in which they were found. */
  readonly specialIds: ReadonlyMap<string, number>
  /** Whether a special token is added to a text automatically, by kind; only kinds that the settings specify. */
  readonly adds: ReadonlyMap<string, boolean>
  /** Whether a text gets a leading space; undefined for the default of the tokenizer model. */
  readonly spacePrefix?: boolean
  /** Whether only the first text of a prompt gets the space, and texts after special tokens do not. Not a GGUF key. */
  readonly spaceOnce?: boolean
  /** Whether the space is omitted before a text that already starts with one. Not a GGUF key. */
  readonly spaceUnlessGiven?: boolean
}

/**
 * Builds the same vocabulary as llama.cpp's converter for a byte-level tokenizer: `size` ids; ids without a token are named `[PADn]` and
 * marked unused. Added tokens are control tokens if they are special or look special, and user-defined otherwise. `configIds` contains
 * config.json's special tokens, used if the tokenizer's settings have none.
 */
export function makeVocabulary(files: TokenizerFiles, size: number, configIds: ReadonlyMap<string, number>): Vocabulary {
  const texts = new Map(files.vocabulary.map(([text, id]) => [id, text]))
  for (const [id, { content }] of files.added) texts.set(id, content)
  const addedTexts = new Set([...files.added.values()].map(({ content }) => content))
  expectIdsBelow(size, texts, files.path)
  const special = new Set([...files.added.values()].filter((token) => token.special).map(({ content }) => content))
  for (const content of namedSpecials(files.settings).values()) special.add(content)
  const tokens: string[] = []
  const types: number[] = []
  for (let id = 0; id < size; id++) {
    const text = texts.get(id)
    if (text === undefined) {
      tokens.push(padding(id))
      types.push(tokenTypes.unused)
    } else if (!addedTexts.has(text)) {
      tokens.push(text)
      types.push(tokenTypes.normal)
    } else if (special.has(text) || looksSpecial(text)) {
      tokens.push(text)
      types.push(tokenTypes.control)
    } else {
      tokens.push(withSpaces(text))
      types.push(tokenTypes.userDefined)
    }
  }
  return {
    kind: { model: 'gpt2', pre: 'qwen2' },
    tokens,
    types,
    scores: [],
    merges: files.merges,
    ...withAdditions(findSpecialIds(files, configIds), findAdds(files.settings), files.additions, { path: files.path, begins: false }),
  }
}

/** Throws `model-damaged` for a token id beyond the embedding table. */
export function expectIdsBelow(size: number, texts: ReadonlyMap<number, string>, path: string): void {
  for (const [id, text] of texts) {
    if (id >= size) {
      throw new TarsierError(
        'model-damaged',
        `${path}: the token "${text}" has the id ${id}, but vocab_size in config.json is ${size}. The files do not match.`,
        { details: { id, size } },
      )
    }
  }
}

/** Name of an id without a token. */
export function padding(id: number): string {
  return `[PAD${id}]`
}

/** Text of an added token as llama.cpp matches it: replaces ▁, which some tokenizers use for spaces. */
export function withSpaces(text: string): string {
  return text.replaceAll('▁', ' ')
}

/** Whether a token looks like a special one; some checkpoints do not mark these. */
export function looksSpecial(text: string): boolean {
  return (
    (text.startsWith('<|') && text.endsWith('|>')) ||
    (text.startsWith('<｜') && text.endsWith('｜>')) ||
    ['<pad>', '<mask>', '<2mass>', '[@BOS@]'].includes(text) ||
    (text.startsWith('<unused') && text.endsWith('>'))
  )
}

function findSpecialIds({ settings, ownIds, added }: TokenizerFiles, configIds: ReadonlyMap<string, number>): Map<string, number> {
  const ids = new Map<string, number>()
  // Without tokenizer.json only the settings contain the ids.
  const addedIds = new Map([...added].map(([id, { content }]) => [content, id]))
  for (const [kind, content] of namedSpecials(settings)) {
    const id = ownIds.get(content) ?? addedIds.get(content)
    if (id !== undefined) ids.set(kind, id)
  }
  for (const [kind, id] of configIds) if (!ids.has(kind)) ids.set(kind, id)
  return ids
}

/**
 * Determines the special tokens and which of them are added around a text. If there is a tokenizer.json, its additions override the settings, as in
 * transformers. Throws `model-unsupported` if it ends texts with a token other than the end token of answers, because GGUF has one key for both.
 * @param begins whether llama.cpp adds a start token if the file does not specify it
 */
export function withAdditions(
  specialIds: Map<string, number>,
  adds: Map<string, boolean>,
  additions: TokenAdditions | null,
  { path, begins }: { readonly path: string; readonly begins: boolean },
): Pick<Vocabulary, 'specialIds' | 'adds'> {
  if (additions === null) return { specialIds, adds }
  const { bos, eos } = additions
  if (eos !== null && specialIds.get('eos') !== eos) {
    throw new TarsierError(
      'model-unsupported',
      `${path}: it appends the token ${eos} to every text, but the settings define another end token (${specialIds.get('eos') ?? 'none'}). Both must be the same token.`,
    )
  }
  if (bos !== null) specialIds.set('bos', bos)
  if (bos !== null || begins || adds.has('bos')) adds.set('bos', bos !== null)
  if (eos !== null || adds.has('eos')) adds.set('eos', eos !== null)
  return { specialIds, adds }
}

/** Whether the settings (tokenizer_config.json) add special tokens around a text, by kind; only kinds that they specify. */
export function findAdds(settings: TokenizerFiles['settings']): Map<string, boolean> {
  const adds = new Map<string, boolean>()
  for (const kind of SPECIAL_KINDS) {
    const value = settings?.[`add_${kind}_token`]
    if (typeof value === 'boolean') adds.set(kind, value)
  }
  return adds
}

/** Texts of the special tokens in the settings, by kind. */
export function namedSpecials(settings: TokenizerFiles['settings']): Map<string, string> {
  const texts = new Map<string, string>()
  for (const kind of SPECIAL_KINDS) {
    const content = contentOf(settings?.[`${kind}_token`])
    if (content !== null) texts.set(kind, content)
  }
  return texts
}

/** Text of a special token in the settings, which is a string or an object with `content`. */
function contentOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') return value.content
  return null
}
