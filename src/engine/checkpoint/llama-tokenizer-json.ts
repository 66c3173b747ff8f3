import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { checkFields, readJsonFile } from '../formats/checked-json.ts'
import { pieceKinds, type SentencePiece, type SentencePieceModel } from './sentencepiece-model.ts'
import { readAdditions, type TokenAdditions } from './token-additions.ts'
import { type AddedToken, addedSchema, entries, id, mergesSchema } from './tokenizer-files.ts'

const FILE = 'tokenizer.json'
const SPACE = '▁'
const BYTE = /^<0x[0-9A-Fa-f]{2}>$/

const stepSchema = z.looseObject({ type: z.string() })
const fileSchema = z.object({
  added_tokens: z.array(addedSchema.extend({ id })).default([]),
  normalizer: z.union([z.object({ type: z.literal('Sequence'), normalizers: z.array(stepSchema) }), stepSchema]).nullish(),
  pre_tokenizer: stepSchema.nullish(),
  post_processor: z.union([z.object({ type: z.literal('Sequence'), processors: z.array(stepSchema) }), stepSchema]).nullish(),
  model: z.looseObject({ type: z.string().optional() }),
})
const bpeSchema = z.object({ type: z.literal('BPE').optional(), byte_fallback: z.literal(true), vocab: z.unknown(), merges: mergesSchema })
const vocabularySchema = z.array(z.tuple([z.string(), id])).min(1)
const prependSchema = z.object({ type: z.literal('Prepend'), prepend: z.literal(SPACE) })
const replaceSchema = z.object({ type: z.literal('Replace'), pattern: z.object({ String: z.literal(' ') }), content: z.literal(SPACE) })
const metaspaceSchema = z.object({
  type: z.literal('Metaspace'),
  replacement: z.literal(SPACE),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  add_prefix_space: z.boolean().optional(),
  split: z.literal(false),
})
const partSchema = z.object({ SpecialToken: z.object({ id: z.string() }).optional(), Sequence: z.object({ id: z.string() }).optional() })
const templateSchema = z.object({ type: z.literal('TemplateProcessing'), single: z.array(partSchema), pair: z.array(partSchema) })

/** Contents of tokenizer.json for a tokenizer that was converted from SentencePiece. */
export interface LlamaTokenizerJson {
  /** Tokens that it adds to the vocabulary or marks in it, by id. */
  readonly added: ReadonlyMap<number, AddedToken>
  /** Whether only the first text segment gets a leading space, and none after special tokens. */
  readonly spaceOnce: boolean
  /** Whether a text that already starts with a space gets no additional one. */
  readonly spaceUnlessGiven: boolean
  /** Tokens that it adds around a text. */
  readonly additions: TokenAdditions
  /** Whether it adds a separator between two texts; undefined if unspecified. `special` maps kinds to the special tokens in the settings. */
  separates(special: ReadonlyMap<string, string>): boolean | undefined
  /** Converts it to a SentencePiece model. Throws `model-unsupported` for a tokenizer of another kind. */
  model(): SentencePieceModel
}

/** Reads tokenizer.json; null if it is missing. Throws `model-damaged`. */
export async function readLlamaTokenizerJson(directory: string): Promise<LlamaTokenizerJson | null> {
  const path = join(directory, FILE)
  const value = await readJsonFile(directory, FILE, { huggingFaceCache: true })
  if (value === null) return null
  const file = checkFields(value, fileSchema, path)
  return {
    added: new Map(file.added_tokens.map(({ id, content, special }) => [id, { content, special }])),
    spaceOnce: metaspaceSchema.safeParse(file.pre_tokenizer).data?.prepend_scheme === 'first',
    // Metaspace checks for a leading space; the normalizer Prepend does not.
    spaceUnlessGiven: metaspaceSchema.safeParse(file.pre_tokenizer).success,
    additions: readAdditions(file.post_processor, (text) => file.added_tokens.find(({ content }) => content === text)?.id, path),
    separates: (special) => findSeparator(file.post_processor, special, path),
    model: () => ({ path, pieces: findPieces(file.model, path), prefixed: isPrefixed(file, path) }),
  }
}

/**
 * Returns the pieces, with scores that make SentencePiece merge in the order of the file: the negated index of the first merge that
 * produces the piece. llama.cpp's converter gives all pieces the same score, so that words are split differently than by the tokenizer.
 */
function findPieces(model: object, path: string): Map<number, SentencePiece> {
  const bpe = bpeSchema.safeParse(model)
  if (!bpe.success) throw unsupported(path, 'its model is not a BPE with byte_fallback')
  const { vocab, merges } = bpe.data
  const ranks = new Map<string, number>()
  for (const [rank, merge] of merges.entries()) {
    const made = typeof merge === 'string' ? merge.replace(' ', '') : merge.join('')
    if (!ranks.has(made)) ranks.set(made, rank)
  }
  const vocabulary = checkFields(entries(vocab), vocabularySchema, `${path}: model.vocab`)
  return new Map(
    vocabulary.map(([text, id]) => {
      const kind = BYTE.test(text) ? pieceKinds.byte : pieceKinds.normal
      return [id, { text, score: 0 - (ranks.get(text) ?? merges.length), kind }]
    }),
  )
}

/** Whether a text gets a leading space. */
function isPrefixed({ normalizer, pre_tokenizer }: z.output<typeof fileSchema>, path: string): boolean {
  let spaces = false
  let prefixed = false
  for (const step of stepsOf(normalizer, 'normalizers')) {
    if (prependSchema.safeParse(step).success) prefixed = true
    else if (replaceSchema.safeParse(step).success) spaces = true
    else throw unsupported(path, `it normalizes text with "${step.type}"`)
  }
  if (pre_tokenizer) {
    const metaspace = metaspaceSchema.safeParse(pre_tokenizer)
    if (!metaspace.success) throw unsupported(path, `it splits text with "${pre_tokenizer.type}"`)
    const { prepend_scheme, add_prefix_space } = metaspace.data
    if (prepend_scheme === undefined ? add_prefix_space !== false : prepend_scheme !== 'never') prefixed = true
    spaces = true
  }
  if (!spaces) throw unsupported(path, `it does not replace spaces by ${SPACE}`)
  return prefixed
}

/** Interprets the templates for a single text and for a pair as llama.cpp's converter does. */
function findSeparator(
  post: z.output<typeof fileSchema>['post_processor'],
  special: ReadonlyMap<string, string>,
  path: string,
): boolean | undefined {
  for (const step of stepsOf(post, 'processors')) {
    if (step.type !== 'TemplateProcessing') continue
    const { single, pair } = checkFields(step, templateSchema, `${path}: post_processor`)
    const first = single.length > 1 ? single[0]?.SpecialToken?.id : undefined
    const last = single.length > 1 ? single.at(-1)?.SpecialToken?.id : undefined
    const inner = pair.slice(first !== undefined && pair[0]?.SpecialToken?.id === first ? 1 : 0)
    if (last !== undefined && inner.at(-1)?.SpecialToken?.id === last) inner.pop()
    const between = inner.slice(1, -1).map((part) => part.SpecialToken?.id)
    if (inner[0]?.Sequence?.id !== 'A' || inner.at(-1)?.Sequence?.id !== 'B' || between.length === 0) continue
    const parts = (text: string | undefined) => text !== undefined && (text === special.get('sep') || text === special.get('eos'))
    return (parts(between[0]) && last === undefined) || (between.length === 2 && parts(between[1]))
  }
  return undefined
}

type Step = z.output<typeof stepSchema>

function stepsOf(value: { type: string } | null | undefined, key: 'normalizers' | 'processors'): Step[] {
  if (!value) return []
  return key in value ? checkFields((value as Step)[key], z.array(stepSchema), key) : [value]
}

function unsupported(path: string, what: string): TarsierError {
  return new TarsierError('model-unsupported', `${path}: ${what}. Only tokenizers converted from SentencePiece BPE are supported.`)
}
