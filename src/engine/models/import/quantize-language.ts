import { memoryLimit } from '../../../platform/memory-limit.ts'
import { remove } from '../../../platform/move.ts'
import { assertNever, TarsierError } from '../../../shared/errors.ts'
import type { LanguagePrecision } from '../../../shared/model-manifest.ts'
import { megabytesText } from '../../../shared/size-text.ts'
import { type ChildEnd, entryBeside, NodeChild } from '../../child-process.ts'
import type { WrittenPrecision } from '../../formats/gguf/gguf-format.ts'
import type { GgufContent } from '../../formats/gguf/gguf-writer.ts'
import { checkGguf } from '../../language/gguf-check.ts'
import { FTYPE_MOSTLY_Q4_K_M, FTYPE_MOSTLY_Q5_K_M, FTYPE_MOSTLY_Q6_K } from '../../language/llama-header.ts'
import type { QuantizeAnswer, QuantizeRequest } from './quantize-process.ts'

/** What llama.cpp's quantizer makes, from a file of ours in f16. */
export type QuantizedPrecision = Exclude<LanguagePrecision, WrittenPrecision>

export interface QuantizeOptions {
  readonly precision: QuantizedPrecision
  readonly signal: AbortSignal
  /** Told the part of the tensors that are done, from 0 to 1. */
  readonly onProgress?: (part: number) => void
}

const FILE_TYPES: Readonly<Record<QuantizedPrecision, number>> = {
  q4_k_m: FTYPE_MOSTLY_Q4_K_M,
  q5_k_m: FTYPE_MOSTLY_Q5_K_M,
  q6_k: FTYPE_MOSTLY_Q6_K,
}
/** Bits of a weight, on average over the layers of a model. */
const LAYER_BITS: Readonly<Record<QuantizedPrecision, number>> = { q4_k_m: 5, q5_k_m: 5.8, q6_k: 6.5625 }
/** The output, and an embedding table that is one, are kept in Q6_K by all three. */
const TABLE_BITS = 6.5625
const TABLES: readonly string[] = ['token_embd.weight', 'output.weight']
/** Rows of a K-quant are whole blocks of 256; others become types with blocks of 32, or stay f16. */
const K_BLOCK = 256
const SMALL_BLOCK = 32
const SMALL_BLOCK_BITS = 8.5
/** Of one tensor's rows at a time. Larger is no faster: all threads are busy with far less. */
const BUFFER_BYTES = 256 * 1024 ** 2
/** The process with llama.cpp loaded, and a model's vocabulary in its head. */
const PROCESS_BYTES = 300e6

/** Whether our writer leaves it to llama.cpp. */
export function isQuantized(precision: LanguagePrecision): precision is QuantizedPrecision {
  return precision in FILE_TYPES
}

/** About how many bytes quantizing will leave of a model. */
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
 * Makes of a GGUF in f16 or f32 another one by llama.cpp's own quantizer, in a process of its own with all cores.
 * A failure, an abort or that process's death leaves no file at `destination`.
 * Throws `out-of-memory` beforehand where memory would not do, `model-damaged`, `model-unsupported`, `write-failed`, `engine-crashed`.
 */
export async function quantizeLanguage(source: string, destination: string, options: QuantizeOptions): Promise<void> {
  const { precision, signal } = options
  signal.throwIfAborted()
  await checkGguf(source)
  expectMemory()
  try {
    await runChild({ source, destination, fileType: FILE_TYPES[precision], bufferBytes: BUFFER_BYTES }, options)
    // llama.cpp does not notice a disk that is full: the head tells what the file should hold.
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
    `Quantizing the language model takes ${megabytesText(needed)} of memory, and ${megabytesText(free)} are free. Close other programs, or import it in q8_0, which needs no quantizer.`,
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
      // Settled by its end and by nothing earlier: until then it holds the files.
      child = new NodeChild(
        entryBeside(import.meta.url, 'quantize-process'),
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

function crashed({ why, said, cause }: ChildEnd): TarsierError {
  return new TarsierError(
    'engine-crashed',
    `Quantizing the language model stopped unexpectedly (${why}). Where memory is short the system may have ended it: close other programs and import again, or import it in q8_0, which needs no quantizer.`,
    { cause, details: { why, said } },
  )
}
