import { machineMemory } from '../../platform/memory-limit.ts'
import type { CatalogueEntry } from '../../shared/catalogue.ts'
import type { LanguagePrecision, VisionPrecision } from '../../shared/model-manifest.ts'
import { fitsMachine, mayStayInFile, memoryNeeded, type TowerPlace } from './memory-needed.ts'

type Language = CatalogueEntry['language']
type Vision = CatalogueEntry['vision']

export interface Form {
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
}

/** Bits per weight of llama.cpp's types, including scales. */
const BITS = { f32: 32, f16: 16, q8_0: 8.5, q6_k: 6.5625, q5_k: 5.5, q4_k: 4.5 } as const
type Type = keyof typeof BITS

/** Type of most weights in a file; llama.cpp's mixtures use more bits for some. */
const MAIN: Readonly<Record<LanguagePrecision, Type>> = {
  f32: 'f32',
  f16: 'f16',
  q8_0: 'q8_0',
  q6_k: 'q6_k',
  q5_k_m: 'q5_k',
  q4_k_m: 'q4_k',
}

/** Bytes per weight of the tower's linear layers. int4 uses blocks of 32 weights with an f32 scale and a 4-bit zero point. */
const VISION_BYTES: Readonly<Record<VisionPrecision, number>> = { f32: 4, f16: 2, int8: 1, int4: (32 / 2 + 4 + 0.5) / 32 }
/** Bytes per weight that stays unquantized (norms, biases, the patch embedding) in a quantized tower. */
const UNQUANTIZED_BYTES = 4

/** Bytes of the GGUF's header with the vocabulary. */
const bytesOfVocabulary = (entries: number) => entries * 40

/** Bytes that most weights of a language model take in this precision. */
export function bytesPerWeight(precision: LanguagePrecision): number {
  return BITS[MAIN[precision]] / 8
}

/** Size of the language model's file in bytes. */
export function languageBytes(shape: Language, precision: LanguagePrecision): number {
  const { layers, width, feedForward, heads, keyValueHeads, vocabulary, tied, biases } = shape
  const main = MAIN[precision]
  const mixed = precision === 'q4_k_m' || precision === 'q5_k_m'
  const headSize = headSizeOf(shape)
  const queryWidth = headSize * heads
  const keyValueWidth = headSize * keyValueHeads
  let bits = 0
  const add = (weights: number, type: Type) => {
    bits += weights * BITS[type]
  }
  // The output matrix is Q6_K in all K mixtures; a tied embedding table is also the output matrix.
  const output: Type = main === 'q4_k' || main === 'q5_k' ? 'q6_k' : main
  add(vocabulary * width, tied ? output : main)
  if (!tied) add(vocabulary * width, output)
  for (let layer = 0; layer < layers; layer += 1) {
    const more: Type = mixed && hasMoreBits(layer, layers) ? 'q6_k' : main
    add(width * queryWidth * 2 + width * keyValueWidth + 2 * width * feedForward, main) // query, output, key; gate, up
    add(width * keyValueWidth + feedForward * width, more) // value; down
    add(2 * width + (biases ? width + 2 * keyValueWidth : 0), 'f32')
  }
  return Math.round(bits / 8) + bytesOfVocabulary(vocabulary)
}

function headSizeOf({ width, heads, headSize = width / heads }: Language): number {
  return headSize
}

/** llama.cpp's rule for layers with more bits: the first and last eighth, and every third layer between. */
function hasMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8)
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2
}

/** Size of the vision tower's files in bytes. */
export function visionBytes(
  { layers, width, feedForward, gated = false, patchSize, projector }: Vision,
  precision: VisionPrecision,
): number {
  const linear =
    layers * (4 * width * width + (gated ? 3 : 2) * width * feedForward) + projector.reduce((sum, [from, to]) => sum + from * to, 0)
  const rest = patchSize * patchSize * 3 * width + layers * (9 * width + feedForward) + projector.reduce((sum, [, to]) => sum + to, 0)
  const quantized = precision === 'int8' || precision === 'int4'
  return Math.round(linear * VISION_BYTES[precision] + rest * (quantized ? UNQUANTIZED_BYTES : VISION_BYTES[precision]))
}

/** Visual tokens and patches per frame, for a clip of `count` frames. */
export function frameSize(frames: CatalogueEntry['frames'], count: number): { readonly tokens: number; readonly patches: number } {
  if (frames.kind === 'square') return { tokens: frames.tokens, patches: frames.patches }
  const pixels = Math.min(frames.frameMaxPixels, frames.clipMaxPixels / (count * frames.copies))
  const tokens = Math.floor(pixels / frames.pixelsPerToken)
  return { tokens, patches: tokens * frames.patchesPerToken }
}

/** Tokens of the question, answer and template. */
const TEXT_TOKENS = 1024

/**
 * Memory in bytes needed to answer a question about a clip of `frames` frames, with an f16 KV cache. For installed models,
 * the cost is computed from their own files instead, see `estimate-run.ts`.
 * @param place where the tower's weights are. Defaults to `memory`
 */
export function runningMemory(entry: CatalogueEntry, { language, vision }: Form, frames: number, place: TowerPlace = 'memory'): number {
  const { layers, width, feedForward, keyValueHeads, vocabulary } = entry.language
  const { tokens, patches } = frameSize(entry.frames, frames)
  const cellBytes = layers * 2 * keyValueHeads * headSizeOf(entry.language) * 2
  const info = {
    weights: { language: languageBytes(entry.language, language), vision: visionBytes(entry.vision, vision), precision: vision },
    language: { width, rowWidth: width * (1 + (entry.vision.deepstack ?? 0)), feedForward, vocabulary, cellBytes },
    tower: entry.vision,
  }
  const visualTokens = tokens * frames
  return memoryNeeded(info, { cells: visualTokens + TEXT_TOKENS, visualTokens, patchesPerFrame: patches }, place).total
}

/** Memory of a run on a machine. */
export interface MachineRun {
  readonly bytes: number
  readonly fits: boolean
  /** Whether the tower's weights stay in their file, because the run does not fit otherwise. */
  readonly towerInFile: boolean
}

/** As {@link runningMemory}, with the tower's weights where the engine leaves them on a machine with this memory in bytes. */
export function runOnMachine(entry: CatalogueEntry, form: Form, frames: number, memory: number = machineMemory()): MachineRun {
  const needs = (place: TowerPlace) => {
    const bytes = runningMemory(entry, form, frames, place)
    return { bytes, fits: fitsMachine(bytes, memory), towerInFile: place === 'file' }
  }
  const prepared = needs('memory')
  return prepared.fits || !mayStayInFile(form.vision) ? prepared : needs('file')
}

/** Candidates for a language model, most precise first. More than eight bits take twice the memory and time without visible benefit. */
const SENSIBLE = ['q8_0', 'q6_k', 'q5_k_m', 'q4_k_m'] as const

/** The most precise sensible form that fits a machine, with a tower in this precision; null if none does. */
export function bestForm(entry: CatalogueEntry, vision: VisionPrecision, frames: number, memory: number = machineMemory()): Form | null {
  const forms = SENSIBLE.map((language) => ({ language, vision }))
  return forms.find((form) => runOnMachine(entry, form, frames, memory).fits) ?? null
}

/** Size of the model on disk in bytes. */
export function formBytes(entry: CatalogueEntry, { language, vision }: Form): number {
  return languageBytes(entry.language, language) + visionBytes(entry.vision, vision)
}
