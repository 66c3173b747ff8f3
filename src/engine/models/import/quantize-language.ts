import { memoryLimit } from '../../../platform/memory-limit.ts'
import { remove } from '../../../platform/move.ts'
import { assertNever, TarsierError } from '../../../shared/errors.ts'
import type { LanguagePrecision } from '../../../shared/model-manifest.ts'
import { megabytesText } from '../../../shared/size-text.ts'
import { type ChildEnd, childEntry, NodeChild } from '../../child-process.ts'
import type { WrittenPrecision } from '../../formats/gguf/gguf-format.ts'
import type { GgufContent } from '../../formats/gguf/gguf-writer.ts'
import { checkGguf } from '../../language/gguf-check.ts'
import { FTYPE_MOSTLY_Q4_K_M, FTYPE_MOSTLY_Q5_K_M, FTYPE_MOSTLY_Q6_K } from '../../language/llama-header.ts'
import type { QuantizeAnswer, QuantizeRequest } from './quantize-process.ts'

/** Precisions that llama.cpp's quantizer produces, from an f16 file of the app's writer. */
export type QuantizedPrecision = Exclude<LanguagePrecision, WrittenPrecision>

export interface QuantizeOptions {
  readonly precision: QuantizedPrecision
  readonly signal: AbortSignal
  /** Receives the fraction of finished tensors, from 0 to 1. */
  readonly onProgress?: (part: number) => void
}

const FILE_TYPES: Readonly<Record<QuantizedPrecision, number>> = {
  q4_k_m: FTYPE_MOSTLY_Q4_K_M,
  q5_k_m: FTYPE_MOSTLY_Q5_K_M,
  q6_k: FTYPE_MOSTLY_Q6_K,
}
/** Average bits per weight in the layers of a model. */
const LAYER_BITS: Readonly<Record<QuantizedPrecision, number>> = { q4_k_m: 5, q5_k_m: 5.8, q6_k: 6.5625 }
/** All three precisions store the output layer, and a tied embedding table, as Q6_K. */
const TABLE_BITS = 6.5625
const TABLES: readonly string[] = ['token_embd.weight', 'output.weight']
/** Rows of K-quants consist of blocks of 256; other rows use types with blocks of 32, or stay f16. */
const K_BLOCK = 256
const SMALL_BLOCK = 32
const SMALL_BLOCK_BITS = 8.5
/** Maximum buffer for the rows of one tensor. A larger one is not faster, as much less is enough to keep all threads busy. */
const BUFFER_BYTES = 256 * 1024 ** 2
/** Memory of the process with llama.cpp and a model's vocabulary loaded. */
const PROCESS_BYTES = 300e6

/** Whether a precision is produced by llama.cpp's quantizer rather than the app's writer. */
export function isQuantized(precision: LanguagePrecision): precision is QuantizedPrecision {
  return precision in FILE_TYPES
}

/** Approximate size of a model after quantization, in bytes. */
export function quantizedBytes({ tensors }: GgufContent, precision: QuantizedPrecision): number {
  let bits = 0
  for (const { name, shape } of tensors) {
    const elements = shape.reduce((product, size) => product * size, 1)
    bits += elements * bitsOf(name, shape, precision)
  }
  return Math.ceil(bits / 8)
}

function bitsOf(name: string, shape: readonly number[], precision: QuantizedPrecision): number {
  if (shape.length === 1) return 32
  const row = shape.at(-1) ?? 0
  if (row % K_BLOCK === 0) return TABLES.includes(name) ? TABLE_BITS : LAYER_BITS[precision]
  return row % SMALL_BLOCK === 0 ? SMALL_BLOCK_BITS : 16
}

/**
 * Quantizes an f16 or f32 GGUF with llama.cpp's quantizer, in a separate process on all cores. A failure, an abort or the death of that
 * process leaves no file at `destination`.
 * Throws `out-of-memory` in advance if memory would not suffice, `model-damaged`, `model-unsupported`, `write-failed`, `engine-crashed`.
 */
export async function quantizeLanguage(source: string, destination: string, options: QuantizeOptions): Promise<void> {
  const { precision, signal } = options
  signal.throwIfAborted()
  await checkGguf(source)
  expectMemory()
  try {
    await runChild({ source, destination, fileType: FILE_TYPES[precision], bufferBytes: BUFFER_BYTES }, options)
    // llama.cpp does not detect a full disk, so compare the file's size with its header.
    await checkGguf(destination)
    signal.throwIfAborted()
  } catch (error) {
    await remove(destination)
    throw error
  }
}

function expectMemory(): void {
  const [needed, free] = [PROCESS_BYTES + BUFFER_BYTES, memoryLimit()]
  if (needed <= free) return
  throw new TarsierError(
    'out-of-memory',
    `Quantizing the language model takes ${megabytesText(needed)} of memory, but only ${megabytesText(free)} are free. Close other programs, or import the model in q8_0, which needs no quantizer.`,
    { details: { needed, free } },
  )
}

async function runChild(request: QuantizeRequest, { signal, onProgress }: QuantizeOptions): Promise<void> {
  let child: NodeChild<QuantizeRequest, QuantizeAnswer> | undefined
  const stop = () => void child?.kill()
  try {
    await new Promise<void>((resolve, reject) => {
      let failure: Error | undefined
      let done = false
      // Settled only when the process has ended, as it keeps the files open until then.
      child = new NodeChild(
        childEntry(import.meta.url, 'quantize-process'),
        (answer) => {
          switch (answer.kind) {
            case 'progress':
              return onProgress?.(answer.part)
            case 'done':
              done = true
              return
            case 'failed':
              failure = TarsierError.fromData(answer.error)
              return
            default:
              return assertNever(answer, 'answer of the quantizer')
          }
        },
        (end) => (done ? resolve() : reject(failure ?? (signal.aborted ? signal.reason : crashed(end)))),
      )
      signal.addEventListener('abort', stop, { once: true })
      child.send(request)
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function crashed({ why, lastLine, cause }: ChildEnd): TarsierError {
  return new TarsierError(
    'engine-crashed',
    `Quantizing the language model stopped unexpectedly (${why}). The system may have stopped it because memory was low. Close other programs and import again, or import the model in q8_0, which needs no quantizer.`,
    { cause, details: { why, said: lastLine } },
  )
}
