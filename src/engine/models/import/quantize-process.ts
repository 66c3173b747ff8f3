import { basename, dirname, relative } from 'node:path'
import { isFolderFull, writeFailure } from '../../../platform/file-failure.ts'
import { assertNever, asTarsierError, type ErrorData, TarsierError } from '../../../shared/errors.ts'
import type { TensorType } from '../../formats/gguf/gguf-format.ts'
import { callAsync } from '../../language/llama-header.ts'
import { openLlamaLibrary } from '../../language/llama-library.ts'

export type QuantizeTask =
  /** Quantize a small GGUF, which has been checked, into another file. `fileType` is llama.cpp's number. */
  | { readonly kind: 'file'; readonly source: string; readonly destination: string; readonly fileType: number }
  /** Quantize f16 values, a whole number of blocks. */
  | { readonly kind: 'blocks'; readonly halves: Uint8Array; readonly type: TensorType }

export interface QuantizeRequest {
  readonly id: number
  readonly task: QuantizeTask
}

/** `bytes` is empty for a file. */
export type QuantizeAnswer = { readonly id: number } & ({ readonly bytes: Uint8Array } | { readonly error: ErrorData })

const NOTHING = new Uint8Array(0)

/**
 * Separate process for ggml's quantizer, because it is native code that cannot be interrupted, and aborts the process on some input. Blocks
 * are quantized on as many threads as there are cores, in the order of the requests. The parent may kill this process at any time.
 */
const lanes: Promise<unknown>[] = []
let received = 0
process.on('message', async ({ id, task }: QuantizeRequest) => {
  let answer: QuantizeAnswer
  try {
    answer = { id, bytes: await perform(task) }
  } catch (error) {
    answer = { id, error: asTarsierError(error).toData() }
  }
  process.send?.(answer)
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches every process of the terminal; the parent handles it.
process.on('SIGINT', () => {})

async function perform(task: QuantizeTask): Promise<Uint8Array> {
  switch (task.kind) {
    case 'file':
      await quantizeFile(task)
      return NOTHING
    case 'blocks':
      return await quantizeBlocks(task)
    default:
      return assertNever(task, 'task of the quantizer')
  }
}

async function quantizeBlocks({ halves, type }: QuantizeTask & { kind: 'blocks' }): Promise<Uint8Array> {
  const library = await openLlamaLibrary('cpu')
  const lane = received++ % library.threads
  const done = (lanes[lane] ?? Promise.resolve()).then(() => library.quantizeBlocks(halves, type))
  lanes[lane] = done.catch(() => {}) // thrown to the caller
  return await done
}

async function quantizeFile({ source, destination, fileType }: QuantizeTask & { kind: 'file' }): Promise<void> {
  const { api, threads, logMark, complaints } = await openLlamaLibrary('cpu')
  const mark = logMark()
  const params = { ...api.quantizeDefaultParams(), nthread: threads, ftype: fileType }
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
  throw failure((await complaints(mark)).join(' ').replace(/\s+/g, ' ').slice(-500), source, destination)
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
