import { TarsierError } from '../../shared/errors.ts'
import { type LlamaTokenizerJson, readLlamaTokenizerJson } from './llama-tokenizer-json.ts'
import { pieceKinds, readSentencePieceModel, type SentencePieceModel } from './sentencepiece-model.ts'
import { readTokenizerSettings, type TokenizerSettings } from './tokenizer-files.ts'
import { findAdds, looksSpecial, namedSpecials, padding, tokenTypes, type Vocabulary, withAdditions, withSpaces } from './vocabulary.ts'

/** Scores that llama.cpp's converter assigns to added tokens and to ids without a token. */
const ADDED_SCORE = -1000
const PADDING_SCORE = -10000
/** Kinds for which llama.cpp uses its own default ids if a file has none. */
const NEEDED_KINDS = ['bos', 'eos'] as const

/** The files of a SentencePiece tokenizer, or of one converted from SentencePiece. */
export interface LlamaTokenizerFiles {
  /** The model for merging tokens: from tokenizer.json if there is one, because transformers then uses only that file. */
  readonly model: SentencePieceModel
  readonly json: LlamaTokenizerJson | null
  readonly settings: TokenizerSettings['settings']
  /** Tokens added to the model's own pieces, with ids; later entries override earlier ones. */
  readonly added: readonly (readonly [id: number, token: { readonly content: string; readonly special: boolean }])[]
}

/**
 * Reads tokenizer.json, or tokenizer.model if that is missing, with tokenizer_config.json and added_tokens.json. Throws
 * `model-damaged` if there is no tokenizer or its files are invalid, `model-unsupported` for a tokenizer of another kind.
 */
export async function readLlamaTokenizerFiles(directory: string): Promise<LlamaTokenizerFiles> {
  const { settings, added } = await readTokenizerSettings(directory)
  const json = await readLlamaTokenizerJson(directory)
  const model = json?.model() ?? (await readSentencePieceModel(directory))
  if (!model) {
    throw new TarsierError(
      'model-damaged',
      `${directory} has neither tokenizer.model nor tokenizer.json. Download all files of the checkpoint.`,
    )
  }
  const own = json === null ? [] : [...json.added]
  return { model, json, settings, added: [...own, ...[...added].map(([id, { token }]) => [id, token] as const)] }
}

/**
 * Builds the same vocabulary as llama.cpp's converter for a SentencePiece tokenizer: `size` ids; ids without a token are named `[PADn]`
 * and marked unused, and tokens beyond `size` are left out. `configIds` contains config.json's special tokens, used if the tokenizer's files
 * have none.
 */
export function makeLlamaVocabulary(files: LlamaTokenizerFiles, size: number, configIds: ReadonlyMap<string, number>): Vocabulary {
  const { model, json, settings } = files
  const tokens = Array.from({ length: size }, (_, id) => padding(id))
  const scores = new Array<number>(size).fill(PADDING_SCORE)
  const types = new Array<number>(size).fill(tokenTypes.unused)
  const put = (id: number, text: string, score: number, type: number) => {
    if (id >= size) return
    tokens[id] = text
    scores[id] = score
    types[id] = type
  }
  const named = namedSpecials(settings)
  const special = new Set(named.values())
  for (const [id, { text, score, kind }] of model.pieces) {
    // The converter treats user-defined symbols as normal pieces.
    const type = kind === pieceKinds.userDefined ? tokenTypes.normal : kind
    put(id, text, score, type === tokenTypes.normal && special.has(text) ? tokenTypes.control : type)
  }
  for (const [id, { content, special: marked }] of files.added) {
    const control = marked || special.has(content) || looksSpecial(content)
    put(id, control ? content : withSpaces(content), ADDED_SCORE, control ? tokenTypes.control : tokenTypes.userDefined)
  }
  expectDifferent(tokens, model.path)
  return {
    kind: { model: 'llama', pre: 'default' },
    tokens,
    types,
    scores,
    merges: [],
    ...withAdditions(findSpecialIds(named, json, tokens, configIds), findFurtherAdds(files, named), json?.additions ?? null, {
      path: model.path,
      begins: true,
    }),
    ...spacePrefixOf(files),
    // transformers uses tokenizer.json if it exists; otherwise it derives this setting from the flag `legacy`.
    ...((json ? json.spaceOnce : settings?.legacy === false) && { spaceOnce: true }),
    ...(json?.spaceUnlessGiven && { spaceUnlessGiven: true }),
  }
}

function findFurtherAdds({ json, settings }: LlamaTokenizerFiles, named: ReadonlyMap<string, string>): Map<string, boolean> {
  const separates = json?.separates(named)
  return new Map([...(separates === undefined ? [] : [['sep', separates] as const]), ...findAdds(settings)])
}

/** If the settings have no value, the converter writes none, and llama.cpp adds a leading space even if the tokenizer does not. */
function spacePrefixOf({ settings, model, json }: LlamaTokenizerFiles): Pick<Vocabulary, 'spacePrefix'> {
  const declared = json === null ? settings?.add_prefix_space : undefined
  if (typeof declared === 'boolean') return { spacePrefix: declared }
  return model.prefixed ? {} : { spacePrefix: false }
}

function findSpecialIds(
  named: ReadonlyMap<string, string>,
  json: LlamaTokenizerJson | null,
  tokens: readonly string[],
  configIds: ReadonlyMap<string, number>,
): Map<string, number> {
  const ids = new Map<string, number>()
  const set = (kind: string, id: number | undefined) => {
    if (id !== undefined && id >= 0 && id < tokens.length && !ids.has(kind)) ids.set(kind, id)
  }
  const own = new Map([...(json?.added ?? [])].map(([id, { content }]) => [content, id]))
  for (const [kind, content] of named) set(kind, own.get(content))
  for (const [kind, id] of configIds) set(kind, id)
  for (const kind of NEEDED_KINDS) {
    const content = named.get(kind)
    if (content !== undefined) set(kind, tokens.indexOf(content))
  }
  return ids
}

/** Throws `model-damaged` for duplicate tokens, because llama.cpp cannot load such a file. */
function expectDifferent(tokens: readonly string[], path: string): void {
  const seen = new Set<string>()
  for (const token of tokens) {
    if (seen.has(token)) throw new TarsierError('model-damaged', `${path}: the token "${token}" has two ids. The files do not match.`)
    seen.add(token)
  }
}
