import { TarsierError } from '../../shared/errors.ts'
import type { GgufFile } from '../formats/gguf/gguf-file.ts'
import { expectClipPlace, GIVEN_TEMPLATE } from './chat-template.ts'
import { pairMismatch, textOf, vocabularyOf } from './gguf-pair-files.ts'
import type { MmprojSettings } from './mmproj-settings.ts'
import { expectVideoPad, VIDEO_PAD } from './video-pad.ts'

/** llama.cpp's name of the language model of Qwen2-VL and Qwen2.5-VL. */
export const QWEN_ARCHITECTURE = 'qwen2vl'
/** Temporal slices of the patch convolution; llama.cpp supports only two. */
export const SLICES = 2
/** Patches along each side of a token, which is fixed in llama.cpp. */
export const MERGE = 2
/** What llama.cpp's converter writes for checkpoints without this setting. */
export const IMAGE_SIZE = 560
/** The names of queries, keys and values that are written: those of the current converter. */
export const WRITTEN_HEADS = ['attn_q', 'attn_k', 'attn_v']

/** Returns the chat template of a pair. Throws `model-damaged` if there is none, and as {@link expectClipPlace} and {@link expectVideoPad}. */
export function clipTemplate(language: GgufFile, given: string | undefined): string {
  const template = given ?? textOf(language, 'tokenizer.chat_template')
  if (template === undefined) {
    throw new TarsierError(
      'model-damaged',
      `${language.path} contains no chat template. Use another GGUF file of the model, or give a template.`,
      {
        remedy: 'give-template',
      },
    )
  }
  expectClipPlace(template, VIDEO_PAD, given === undefined ? language.path : GIVEN_TEMPLATE)
  expectVideoPad(vocabularyOf(language), language.path)
  return template
}

/** Throws `model-mismatch` if the merger's rows do not have the language model's `width`, `model-damaged` for more layers than in the settings. */
export function expectMerger(gguf: GgufFile, settings: MmprojSettings, width: number): void {
  const { path } = gguf
  const projected = settings.number('projection_dim')
  const rows = rowsOf(gguf, 'mm.2.weight')
  if (projected !== width || rows !== width) throw pairMismatch(path, rows ?? projected ?? 0, width)
  if (gguf.head.tensors.has(`v.blk.${settings.layers}.ln1.weight`)) {
    throw new TarsierError(
      'model-damaged',
      `${path} contains more layers than the ${settings.layers} in its metadata. Download the file again.`,
    )
  }
}

/** Number of rows of a matrix; undefined if the file does not contain it. */
export function rowsOf(gguf: GgufFile, name: string): number | undefined {
  return gguf.head.tensors.get(name)?.shape[1]
}

/** Names of the tensors with queries, keys and values: one or three. */
export function headNames(gguf: GgufFile): readonly string[] {
  return gguf.head.tensors.has('v.blk.0.attn_qkv.weight') ? ['attn_qkv'] : WRITTEN_HEADS
}

/** Throws `model-unsupported` for a tower with sizes that llama.cpp does not support. */
export function expectWritable({ temporalPatchSize, mergeSize }: { readonly temporalPatchSize: number; readonly mergeSize: number }): void {
  if (temporalPatchSize === SLICES && mergeSize === MERGE) return
  throw new TarsierError(
    'model-unsupported',
    `llama.cpp supports only towers of this family with ${SLICES} temporal slices and tokens of ${MERGE} by ${MERGE} patches, but this one has ${temporalPatchSize}, and ${mergeSize} by ${mergeSize}.`,
  )
}
