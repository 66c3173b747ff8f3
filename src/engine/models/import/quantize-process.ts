import { basename, dirname, relative } from 'node:path'
import { LlamaLogLevel } from 'node-llama-cpp'
import { isFolderFull, writeFailure } from '../../../platform/file-failure.ts'
import { asTarsierError, type ErrorData, TarsierError } from '../../../shared/errors.ts'
import { callAsync } from '../../language/llama-header.ts'
import { openLlamaLibrary } from '../../language/llama-library.ts'

export interface QuantizeRequest {
  /** A GGUF that has been checked. */
  readonly source: string
  readonly destination: string
  /** llama.cpp's number for the file type. */
  readonly fileType: number
  /** Maximum size of a tensor's rows, over all formats together. */
  readonly bufferBytes: number
}

export type QuantizeAnswer =
  /** Fraction of finished tensors, from 0 to 1. */
  { readonly kind: 'progress'; readonly part: number } | { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: ErrorData }

/** llama.cpp's log line at the start of a tensor: `[  12/ 339] blk.0.attn_k.weight - …`. */
const TENSOR_LINE = /\[\s*(\d+)\/\s*(\d+)\]/
const ERRORS_KEPT = 20

/**
 * Separate process for llama.cpp's quantizer, because it processes gigabytes in native code, cannot be interrupted, and aborts the process
 * on some files. The parent may kill this process at any time, and removes the output.
 */
process.once('message', async (request: QuantizeRequest) => {
  let answer: QuantizeAnswer = { kind: 'done' }
  try {
    await quantize(request)
  } catch (error) {
    answer = { kind: 'failed', error: asTarsierError(error).toData() }
  }
  process.send?.(answer, () => process.exit(0))
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches every process of the terminal; the parent handles it.
process.on('SIGINT', () => {})

async function quantize({ source, destination, fileType, bufferBytes }: QuantizeRequest): Promise<void> {
  const { api, threads, ...library } = await openLlamaLibrary('cpu')
  const llama = await library.llama()
  const errors: string[] = []
  llama.logLevel = LlamaLogLevel.info
  llama.logger = (level, text) => {
    const [, index, count] = TENSOR_LINE.exec(text) ?? []
    if (index !== undefined) process.send?.({ kind: 'progress', part: (Number(index) - 1) / Number(count) } satisfies QuantizeAnswer)
    if (level === LlamaLogLevel.error || level === LlamaLogLevel.fatal) errors.push(text.trim())
    if (errors.length > ERRORS_KEPT) errors.shift()
  }
  const params = { ...api.quantizeDefaultParams(), nthread: threads, ftype: fileType, max_buf_size: bufferBytes }
  // llama.cpp opens its output through a narrow-character path, which cannot express every folder on Windows. A plain name relative to the
  // working directory works.
  const folder = dirname(destination)
  try {
    process.chdir(folder)
  } catch (cause) {
    throw unwritable(destination, cause)
  }
  const code = await callAsync(api.quantize, relative(folder, source), basename(destination), params)
  if (code === 0) return
  // Log messages arrive through the event loop, after the result.
  await new Promise((resolve) => setTimeout(resolve, 50))
  throw failure(errors.join(' ').replace(/\s+/g, ' ').slice(0, 500), source, destination)
}

function failure(log: string, source: string, destination: string): unknown {
  const cause = new Error(log)
  if (/alloc|out of memory|resource temporarily unavailable/i.test(log)) {
    return new TarsierError(
      'out-of-memory',
      'There was not enough memory to quantize the language model. Close other programs and import again.',
      { cause },
    )
  }
  if (/iostream|basic_ios|failed to (open|write)/i.test(log)) {
    return unwritable(destination, cause)
  }
  return new TarsierError(
    'model-damaged',
    `llama.cpp could not quantize ${source}: ${log}. Download the checkpoint again, or import it in q8_0.`,
    { cause },
  )
}

function unwritable(destination: string, cause: unknown): unknown {
  return writeFailure(`${destination} could not be written`, cause, {
    ifFull: 'Free disk space and import again.',
    full: isFolderFull(dirname(destination)),
  })
}
