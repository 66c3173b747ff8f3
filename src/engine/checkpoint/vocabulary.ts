import { TarsierError } from '../../shared/errors.ts'
import { SPECIAL_KINDS } from './config-file.ts'
import type { TokenAdditions } from './token-additions.ts'
import type { TokenizerFiles } from './tokenizer-files.ts'

/** llama.cpp's numbers for what a token is. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

/** A vocabulary as GGUF carries it. */
export interface Vocabulary {
  /** GGUF's words for byte-level BPE and for SentencePiece, and for how a text is cut before its parts are merged. */
  readonly kind: { readonly model: 'gpt2'; readonly pre: 'qwen2' } | { readonly model: 'llama'; readonly pre: 'default' }
  /** The text of each id: in the byte-level alphabet, or with ▁ for spaces, for merged tokens; as it is for added ones. */
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  /** What SentencePiece merges by, for each id; empty for byte-level BPE. */
  readonly scores: readonly number[]
  /** What byte-level BPE merges by: pairs with a space between, most important first. */
  readonly merges: readonly string[]
  /** Ids of the special tokens by kind (`bos`, `eos`, `pad`...), in the order they were found. */
  readonly specialIds: ReadonlyMap<string, number>
  /** Whether such a token is put around a text by itself, where the settings say so. */
  readonly adds: ReadonlyMap<string, boolean>
  /** Whether a text gets a space in front; undefined for what is usual for its kind. */
  readonly spacePrefix?: boolean
  /** Whether only the first text of a prompt gets it, and none that follows a special token. Not a key of the format. */
  readonly spaceOnce?: boolean
  /** Whether it is left out before a text that begins with a space. Not a key of the format. */
  readonly spaceUnlessGiven?: boolean
}

/**
 * The vocabulary that llama.cpp's own converter makes of a byte-level tokenizer: `size` ids, those without a token named `[PADn]` and
 * unused; added tokens are control tokens when they are special or look it, user-defined ones otherwise. `configIds` are
 * config.json's special tokens, which count where the tokenizer's settings say nothing.
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

/** Throws `model-damaged` for a token beyond the embedding table. */
export function expectIdsBelow(size: number, texts: ReadonlyMap<number, string>, path: string): void {
  for (const [id, text] of texts) {
    if (id >= size) {
      throw new TarsierError(
        'model-damaged',
        `${path}: the token "${text}" has the id ${id}, but vocab_size in config.json is ${size}. The files do not belong together.`,
        { details: { id, size } },
      )
    }
  }
}

/** What an id without a token is called. */
export function padding(id: number): string {
  return `[PAD${id}]`
}

/** An added token's text as llama.cpp looks for it: spaces are written as ▁ by some tokenizers. */
export function withSpaces(text: string): string {
  return text.replaceAll('▁', ' ')
}

/** Tokens that some checkpoints forget to mark as special. */
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
  // Without tokenizer.json the ids stand in the settings alone.
  const addedIds = new Map([...added].map(([id, { content }]) => [content, id]))
  for (const [kind, content] of namedSpecials(settings)) {
    const id = ownIds.get(content) ?? addedIds.get(content)
    if (id !== undefined) ids.set(kind, id)
  }
  for (const [kind, id] of configIds) if (!ids.has(kind)) ids.set(kind, id)
  return ids
}

/**
 * Special tokens and which of them are put around a text. Where tokenizer.json is there, transformers goes by it alone, whatever the settings
 * say. Throws `model-unsupported` where it ends a text with another token than the one that ends an answer: GGUF has one for both.
 * @param begins whether llama.cpp puts a beginning token where a file is silent
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
      `${path}: it ends every text with the token ${eos}, and the settings name another as the end (${specialIds.get('eos') ?? 'none'}). Both must be one.`,
    )
  }
  if (bos !== null) specialIds.set('bos', bos)
  if (bos !== null || begins || adds.has('bos')) adds.set('bos', bos !== null)
  if (eos !== null || adds.has('eos')) adds.set('eos', eos !== null)
  return { specialIds, adds }
}

/** Which of the special tokens the settings (tokenizer_config.json) put around a text, or do not, by kind. */
export function findAdds(settings: TokenizerFiles['settings']): Map<string, boolean> {
  const adds = new Map<string, boolean>()
  for (const kind of SPECIAL_KINDS) {
    const value = settings?.[`add_${kind}_token`]
    if (typeof value === 'boolean') adds.set(kind, value)
  }
  return adds
}

/** The texts of the special tokens that the settings name, by kind. */
export function namedSpecials(settings: TokenizerFiles['settings']): Map<string, string> {
  const texts = new Map<string, string>()
  for (const kind of SPECIAL_KINDS) {
    const content = contentOf(settings?.[`${kind}_token`])
    if (content !== null) texts.set(kind, content)
  }
  return texts
}

/** A special token in the settings: its text, or an object around it. */
function contentOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') return value.content
  return null
}
