import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { checkFields, readJsonFile, readTextFile } from '../formats/checked-json.ts'
import { readAdditions, type TokenAdditions } from './token-additions.ts'

/** An added token, which is matched as a whole instead of being merged. */
export interface AddedToken {
  readonly content: string
  /** Whether it is a control token such as `<|im_end|>`, not part of the text. */
  readonly special: boolean
}

/** Contents of a byte-level BPE tokenizer's files. */
export interface TokenizerFiles {
  /** Path of the file with the vocabulary. */
  readonly path: string
  /** Text (in the byte-level alphabet) and id of each token; may include added tokens. */
  readonly vocabulary: readonly (readonly [text: string, id: number])[]
  /** Pairs separated by a space, highest priority first. */
  readonly merges: readonly string[]
  /** Tokens that the tokenizer and its settings add, by id. */
  readonly added: ReadonlyMap<number, AddedToken>
  /** Ids of the tokens that tokenizer.json itself adds, by content. */
  readonly ownIds: ReadonlyMap<string, number>
  /** Tokens that tokenizer.json adds around a text; null if there is no tokenizer.json. */
  readonly additions: TokenAdditions | null
  /** tokenizer_config.json; null if it is missing. */
  readonly settings: Readonly<Record<string, unknown>> | null
}

/** Qwen2's pre-tokenizer pattern, which llama.cpp calls `qwen2`. */
const QWEN2_SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
/** Allows symbolic links from a snapshot to the blobs of the Hugging Face cache. */
const contain = { huggingFaceCache: true }

export const id = z.int().min(0)
export const addedSchema = z.object({ content: z.string().min(1), special: z.boolean().default(false) })
export const mergesSchema = z.union([z.array(z.string()), z.array(z.tuple([z.string(), z.string()]))])
const stepSchema = z.looseObject({ type: z.string() })
const tokenizerSchema = z.object({
  added_tokens: z.array(addedSchema.extend({ id })).default([]),
  normalizer: stepSchema.nullish(),
  pre_tokenizer: stepSchema.nullish(),
  post_processor: z.unknown().optional(),
  model: z.object({
    type: z.literal('BPE').optional(),
    vocab: z.unknown(),
    merges: mergesSchema,
  }),
})
const splitSchema = z.object({ type: z.literal('Split'), pattern: z.object({ Regex: z.string() }), behavior: z.literal('Isolated') })
const byteLevelSchema = z.object({ type: z.literal('ByteLevel'), add_prefix_space: z.literal(false), use_regex: z.literal(false) })
const preTokenizerSchema = z.object({ type: z.literal('Sequence'), pretokenizers: z.tuple([splitSchema, byteLevelSchema]) })
const vocabularySchema = z.array(z.tuple([z.string(), id])).min(1)

/**
 * Reads tokenizer.json, or vocab.json and merges.txt, with tokenizer_config.json and added_tokens.json. Throws
 * `model-damaged` if there is no tokenizer or its files are invalid, `model-unsupported` for one that is not of Qwen2's kind.
 */
export async function readTokenizerFiles(directory: string): Promise<TokenizerFiles> {
  const { settings, added: fromSettings } = await readTokenizerSettings(directory)
  const base = (await readTokenizerJson(directory)) ?? (await readVocabularyAndMerges(directory))
  if (base === null) {
    throw new TarsierError(
      'model-damaged',
      `${directory} has neither tokenizer.json nor vocab.json and merges.txt. Download all files of the checkpoint.`,
    )
  }
  const added = new Map(base.added)
  // As in transformers, the settings override tokenizer.json; tokens that are only in the older file have the lowest priority.
  for (const [place, { token, older }] of fromSettings) if (!older || !added.has(place)) added.set(place, token)
  return { ...base, added, settings }
}

/** Contents of the files that accompany a tokenizer's own file. */
export interface TokenizerSettings {
  /** tokenizer_config.json; null if it is missing. */
  readonly settings: Readonly<Record<string, unknown>> | null
  /** Added tokens by id: those in tokenizer_config.json, and those only in the older added_tokens.json, which are never special. */
  readonly added: ReadonlyMap<number, { readonly token: AddedToken; readonly older: boolean }>
}

/** Reads tokenizer_config.json and added_tokens.json. Throws `model-damaged`. */
export async function readTokenizerSettings(directory: string): Promise<TokenizerSettings> {
  const path = join(directory, 'tokenizer_config.json')
  const value = await readJsonFile(directory, 'tokenizer_config.json', contain)
  const settings = value === null ? null : checkFields(value, z.looseObject({ added_tokens_decoder: z.unknown().optional() }), path)
  const added = new Map<number, { token: AddedToken; older: boolean }>()
  for (const [key, token] of entries(settings?.added_tokens_decoder)) {
    const field = `${path}: added_tokens_decoder.${key}`
    added.set(checkFields(Number(key), id, field), { token: checkFields(token, addedSchema, field), older: false })
  }
  for (const [content, value] of entries(await readJsonFile(directory, 'added_tokens.json', contain))) {
    const place = checkFields(value, id, join(directory, `added_tokens.json: ${content}`))
    if (!added.has(place)) added.set(place, { token: { content, special: false }, older: true })
  }
  return { settings, added }
}

type BaseFiles = Omit<TokenizerFiles, 'settings'>

async function readTokenizerJson(directory: string): Promise<BaseFiles | null> {
  const path = join(directory, 'tokenizer.json')
  const value = await readJsonFile(directory, 'tokenizer.json', contain)
  if (value === null) return null
  const { added_tokens, normalizer, pre_tokenizer, post_processor, model } = checkFields(value, tokenizerSchema, path)
  const refuse = (what: string) =>
    new TarsierError('model-unsupported', `${path}: ${what}. Only tokenizers of Qwen2-VL checkpoints are supported.`)
  if (normalizer && normalizer.type !== 'NFC') throw refuse(`it normalizes text with "${normalizer.type}"; only "NFC" is supported`)
  const cut = preTokenizerSchema.safeParse(pre_tokenizer)
  if (!cut.success || cut.data.pretokenizers[0].pattern.Regex !== QWEN2_SPLIT)
    throw refuse('it splits text differently from Qwen2 (pre_tokenizer)')
  const vocabulary = checkFields(entries(model.vocab), vocabularySchema, `${path}: model.vocab`)
  const ownIds = new Map(added_tokens.map(({ id, content }) => [content, id]))
  const idOf = (text: string) => ownIds.get(text) ?? vocabulary.find(([token]) => token === text)?.[1]
  return {
    path,
    vocabulary,
    merges: model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.map(withoutSpaces).join(' '))),
    added: new Map(added_tokens.map(({ id, content, special }) => [id, { content, special }])),
    ownIds,
    additions: readAdditions(post_processor, idOf, path),
  }
}

/** Writes spaces as Ġ, as in the byte-level alphabet; a space inside a half would look like the separator. */
function withoutSpaces(half: string): string {
  return half.replaceAll(' ', 'Ġ')
}

async function readVocabularyAndMerges(directory: string): Promise<BaseFiles | null> {
  const path = join(directory, 'vocab.json')
  const value = await readJsonFile(directory, 'vocab.json', contain)
  const lines = await readTextFile(directory, 'merges.txt', contain)
  if (value === null || lines === null) return null
  return {
    path,
    vocabulary: checkFields(entries(value), vocabularySchema, path),
    merges: parseMerges(lines),
    added: new Map(),
    ownIds: new Map(),
    additions: null,
  }
}

/** Parses merges.txt: one pair per line, optionally after a version line. Skips malformed lines. */
export function parseMerges(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/)
  return lines
    .slice(lines[0]?.trim().startsWith('#') ? 1 : 0)
    .map((line) => line.trim().split(/\s+/))
    .filter((parts) => parts.length === 2)
    .map((parts) => parts.join(' '))
}

/** Returns the fields of a JSON object; none for other values. A zod record would lose a key named __proto__. */
export function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}
