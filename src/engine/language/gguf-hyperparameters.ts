import type { GgufHead, GgufValue } from '../formats/gguf/gguf-head.ts'
import { GgufError } from '../formats/gguf/gguf-reader.ts'

/** Architectures of the supported language models; they use the same metadata keys. */
export const languageArchitectures: readonly string[] = ['qwen2vl', 'qwen3vl', 'llama', 'qwen2']

/** Validated settings from the metadata of a language model's GGUF. */
export interface LanguageShape {
  readonly architecture: string
  /** Embedding width. */
  readonly width: number
  /** Width of the rows that it takes in place of tokens: those of Qwen3-VL have further embeddings, for its first layers. */
  readonly rowWidth: number
  /** Context length used in training, in tokens. */
  readonly context: number
  readonly layers: number
  readonly feedForward: number
  /** Vocabulary size. */
  readonly tokens: number
  /** Number of values per cell in the KV cache. */
  readonly cellNumbers: number
}

/** Limits of llama.cpp, or values far above those of real files. */
const MAX_LAYERS = 512
const MAX_WIDTH = 1 << 20
const MAX_CONTEXT = 2 ** 31
const MAX_HEADS = 1 << 16
/** Architectures whose positions have several planes. */
const MROPE: readonly string[] = ['qwen2vl', 'qwen3vl']
/** Architectures whose heads together may be wider than the embeddings, or narrower. */
const FREE_HEADS: readonly string[] = ['llama', 'qwen3vl']
const ROPE_SCALINGS: readonly unknown[] = ['none', 'linear', 'yarn']

/** Checks the values on which llama.cpp has assertions, while loading or at the first token. Throws a {@link GgufError}. */
export function checkHyperparameters(values: GgufHead['values'], architecture: string, tokens: number): LanguageShape {
  const key = (name: string) => `${architecture}.${name}`
  const whole = (name: string, least: number, most: number, absent?: number): number => {
    const value = values.get(key(name)) ?? absent
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw new GgufError(`${key(name)} is ${spoken(value)}`)
    return value
  }
  const layers = whole('block_count', 1, MAX_LAYERS)
  const width = whole('embedding_length', 1, MAX_WIDTH)
  const context = whole('context_length', 1, MAX_CONTEXT)
  const feedForward = whole('feed_forward_length', 1, MAX_WIDTH)
  const heads = whole('attention.head_count', 1, MAX_HEADS)
  const keyHeads = whole('attention.head_count_kv', 1, heads, heads)
  if (heads % keyHeads !== 0) throw new GgufError(`${heads} attention heads are not a multiple of ${keyHeads} key-value heads`)

  const head = whole('attention.key_length', 1, MAX_WIDTH, width / heads)
  const ofOneSize =
    whole('attention.value_length', 1, MAX_WIDTH, width / heads) === head && whole('rope.dimension_count', 1, MAX_WIDTH, head) === head
  if (!ofOneSize || head % 2 !== 0) throw new GgufError('its heads do not all have the same even size')
  if (!FREE_HEADS.includes(architecture) && head * heads !== width)
    throw new GgufError(`${heads} heads of size ${head} do not match the width ${width}`)

  for (const name of ['expert_count', 'nextn_predict_layers']) whole(name, 0, 0, 0)
  if (values.get(key('attention.causal')) === false) throw new GgufError(`${key('attention.causal')} is false`)
  const scaling = values.get(key('rope.scaling.type')) ?? 'none'
  if (!ROPE_SCALINGS.includes(scaling)) throw new GgufError(`${key('rope.scaling.type')} is ${spoken(scaling)}`)
  if (MROPE.includes(architecture)) checkSections(key('rope.dimension_sections'), values.get(key('rope.dimension_sections')), head)
  // Not to the last layer, in which llama.cpp has only the cells whose logits are wanted.
  const deepstack = architecture === 'qwen3vl' ? whole('n_deepstack_layers', 0, layers - 1, 0) : 0
  return {
    architecture,
    width,
    rowWidth: width * (1 + deepstack),
    context,
    layers,
    feedForward,
    tokens,
    cellNumbers: layers * keyHeads * 2 * head,
  }
}

/** Checks the numbers of rotary frequencies for time, row and column, and a fourth without rotation. */
function checkSections(name: string, value: GgufValue | undefined, head: number): void {
  const sections = typeof value === 'object' ? (value.numbers ?? []) : []
  const sum = sections.reduce((total, section) => total + section, 0)
  if (sections.length !== 4 || !sections.every((section) => Number.isInteger(section) && section >= 0) || sum < 1 || sum > head / 2)
    throw new GgufError(`${name} is ${sections.length === 0 ? 'missing' : sections.join(', ')}`)
}

function spoken(value: GgufValue | undefined): string {
  if (value === undefined) return 'missing'
  return typeof value === 'object' ? 'a list' : String(value)
}
