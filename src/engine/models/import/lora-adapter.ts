import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { folderName } from '../../checkpoint/checkpoint-source.ts'
import { checkFields, readJsonFile } from '../../formats/checked-json.ts'
import { ADAPTER_CONFIG, openTensorFile } from '../../formats/safetensors/safetensors.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'

const WEIGHTS = 'adapter_model.safetensors'
/** Allows links from a snapshot in the Hugging Face cache to its blobs. */
const contain = { huggingFaceCache: true }
/** Initialisations of adapters that also change the base weights. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/i
/** Accepted patterns for module names: names and the part of regular expressions that cannot be slow. */
const PATTERN = /^[\w.^$|()\\*+?[\]-]{1,200}$/
const MAX_REPEATS = 3

const numbers = z.record(z.string(), z.number().positive()).nullish()
const configSchema = z.looseObject({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().positive().default(8),
  lora_alpha: z.number().default(8),
  use_rslora: z.boolean().nullish(),
  rank_pattern: numbers,
  alpha_pattern: numbers,
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
})
type Config = z.output<typeof configSchema>

/** The update of one linear layer: `scale · up · down`. */
export interface LoraUpdate {
  /** Name of the layer in PEFT. */
  readonly layer: string
  /** Rows of `down`, columns of `up`. */
  readonly rank: number
  readonly scale: number
  readonly inputs: number
  readonly outputs: number
  /** [rank, inputs], row-major. */
  down(): Promise<Float32Array>
  /** [outputs, rank], row-major. */
  up(): Promise<Float32Array>
}

export interface LoraAdapter extends AsyncDisposable {
  readonly name: string
  readonly updates: readonly LoraUpdate[]
  /** Files of the adapter. */
  readonly paths: readonly string[]
}

/**
 * Opens a LoRA adapter folder as PEFT writes it. Throws `file-missing` if it is not an adapter folder, `model-damaged`, and
 * `model-unsupported`, naming the feature, for anything but low-rank updates of linear layers.
 */
export async function openLoraAdapter(directory: string): Promise<LoraAdapter> {
  const path = join(directory, ADAPTER_CONFIG)
  const value = await readJsonFile(directory, ADAPTER_CONFIG, contain)
  if (value === null) {
    throw new TarsierError('file-missing', `${directory} contains no ${ADAPTER_CONFIG}. Give the folder of an adapter in PEFT format.`)
  }
  const config = checkFields(value, configSchema, path)
  expectPlainLora(config, path)
  const tensors = await openTensorFile(directory, WEIGHTS)
  if (tensors === null) {
    throw new TarsierError(
      'file-missing',
      `${directory} contains no ${WEIGHTS}. Give the complete folder of an adapter with weights in safetensors.`,
    )
  }
  try {
    return {
      name: folderName(directory),
      updates: updatesIn(tensors, config, join(directory, WEIGHTS)),
      paths: [path, join(directory, WEIGHTS)],
      [Symbol.asyncDispose]: () => tensors[Symbol.asyncDispose](),
    }
  } catch (error) {
    await tensors[Symbol.asyncDispose]()
    throw error
  }
}

/** Reads the base model's name from a folder's {@link ADAPTER_CONFIG}; null if there is none. */
export async function adapterBase(directory: string): Promise<string | null> {
  const value = await readJsonFile(directory, ADAPTER_CONFIG, contain)
  return z.looseObject({ base_model_name_or_path: z.string().min(1) }).safeParse(value).data?.base_model_name_or_path ?? null
}

/** `fan_in_fan_out` is not checked: PEFT uses it only for a layer class that these models do not have. */
function expectPlainLora(config: Config, path: string): void {
  if (config.peft_type.toUpperCase() !== 'LORA') throw unsupported(path, `it has the type ${config.peft_type}`)
  const { init_lora_weights: beginning } = config
  if (typeof beginning === 'string' && CHANGES_BASE.test(beginning))
    throw unsupported(path, `it was initialized with ${beginning}, which also changes the checkpoint`)
  if (config.bias && config.bias !== 'none') throw unsupported(path, `it changes biases (bias "${config.bias}")`)
  const further: readonly (readonly [field: string, what: string])[] = [
    ['use_dora', 'it is a DoRA adapter (use_dora)'],
    ['use_qalora', 'it is a QALoRA adapter (use_qalora)'],
    ['lora_bias', 'it has its own biases (lora_bias)'],
    ['modules_to_save', 'it replaces whole layers (modules_to_save)'],
    ['trainable_token_indices', 'it replaces token embeddings (trainable_token_indices)'],
    ['target_parameters', 'it changes single parameters (target_parameters)'],
    ['layer_replication', 'it repeats layers (layer_replication)'],
    ['alora_invocation_tokens', 'it is only active after certain tokens (alora_invocation_tokens)'],
    ['arrow_config', 'it selects between adapters (arrow_config)'],
    ['kasa_config', 'it is a KaSA adapter (kasa_config)'],
    ['monteclora_config', 'it is a MonteCLoRA adapter (monteclora_config)'],
    ['use_bdlora', 'it is a BD-LoRA adapter (use_bdlora)'],
  ]
  for (const [field, what] of further) if (isSet(config[field])) throw unsupported(path, what)
}

function isSet(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return value !== undefined && value !== null && value !== false
}

function updatesIn(tensors: TensorSource, config: Config, path: string): LoraUpdate[] {
  const halves = new Map<string, { A?: string; B?: string }>()
  for (const name of tensors.names) {
    const [, layer, half] = /^(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$/.exec(name) ?? []
    if (layer === undefined || (half !== 'A' && half !== 'B'))
      throw unsupported(path, `it contains "${name}", which is not part of an update of a linear layer`)
    const pair = halves.get(layer) ?? {}
    if (pair[half] !== undefined) throw damaged(path, `"${layer}" occurs twice`)
    pair[half] = name
    halves.set(layer, pair)
  }
  if (halves.size === 0) throw damaged(path, 'it is empty')
  const rankOf = valueByPattern(config.rank_pattern, path)
  const alphaOf = valueByPattern(config.alpha_pattern, path)
  return [...halves].map(([layer, { A, B }]) => {
    if (A === undefined || B === undefined) throw damaged(path, `half of "${layer}" is missing`)
    const down = tensors.info(A)
    const up = tensors.info(B)
    if (down.shape.length !== 2 || up.shape.length !== 2) throw unsupported(path, `it changes "${layer}", which is not a linear layer`)
    const [rank = 0, inputs = 0] = down.shape
    const [outputs = 0, columns = 0] = up.shape
    const declared = rankOf(layer) ?? config.r
    if (columns !== rank || rank !== declared || rank === 0)
      throw damaged(path, `"${layer}" has the shapes [${down.shape.join(', ')}] and [${up.shape.join(', ')}], but its rank is ${declared}`)
    const scale = (alphaOf(layer) ?? config.lora_alpha) / (config.use_rslora ? Math.sqrt(rank) : rank)
    return { layer, rank, scale, inputs, outputs, down: () => tensors.floats(A), up: () => tensors.floats(B) }
  })
}

/** Value of the first pattern that matches the end of a layer's name, as in PEFT. */
function valueByPattern(patterns: Config['rank_pattern'], path: string): (layer: string) => number | undefined {
  const rules = Object.entries(patterns ?? {}).map(([pattern, value]) => ({ matches: patternOf(pattern, path), value }))
  return (layer) => rules.find(({ matches }) => matches.test(layer))?.value
}

function patternOf(pattern: string, path: string): RegExp {
  const repeats = pattern.replaceAll(/\\./g, '').match(/[*+]/g)?.length ?? 0
  if (PATTERN.test(pattern) && repeats <= MAX_REPEATS && !/\)[*+]/.test(pattern)) {
    try {
      return new RegExp(`^(?:.*\\.)?(?:${pattern})$`)
    } catch {
      // Invalid expressions are rejected below, like other unsupported patterns.
    }
  }
  throw unsupported(path, `its layer pattern "${pattern.slice(0, 100)}" is invalid`)
}

function unsupported(path: string, what: string): TarsierError {
  return new TarsierError(
    'model-unsupported',
    `${path}: ${what}. Only LoRA adapters that change linear layers can be merged. Merge this adapter with PEFT first.`,
  )
}

function damaged(path: string, what: string): TarsierError {
  return new TarsierError('model-damaged', `${path}: ${what}. Download the adapter again.`)
}
