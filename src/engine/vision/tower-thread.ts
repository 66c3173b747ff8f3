import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { env, InferenceSession, Tensor } from 'onnxruntime-node'
import { assertNever } from '../../shared/errors.ts'
import { withLateCasts } from './late-casts.ts'
import { withPlainAttention } from './plain-attention.ts'
import { sessionOptions, type TowerSessionOptions } from './session-options.ts'
import { signedProductsOverflow } from './signed-products.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

// Entry of the tower's thread: onnxruntime-node runs a model on the calling thread, so this thread keeps the engine responsive.
if (!parentPort) throw new Error('tower-thread is started by TowerSession only')
const port = parentPort
// Errors report unavailable devices; otherwise the library would also print them to the terminal.
env.logLevel = 'fatal'

let session: InferenceSession | null = null
let last: Promise<void> = Promise.resolve()

port.on('message', (message: ToThread) => {
  last = last
    .then(() => answer(message))
    .catch((error) => post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }))
    .finally(() => {
      // Also if a lost device cannot release its session: the thread would never end, nor would the process.
      if (message.kind === 'close') port.close()
    })
})

async function answer(message: ToThread): Promise<void> {
  switch (message.kind) {
    case 'open':
      session = await createSession(message.path, message.options)
      return post({ kind: 'opened' })
    case 'run': {
      if (!session) throw new Error('run before open')
      const results = await session.run(
        Object.fromEntries(message.inputs.map(({ name, dims, data }) => [name, new Tensor('float32', data, dims)])),
      )
      const [name = ''] = session.outputNames
      const result = results[name]
      if (!result || !(result.data instanceof Float32Array)) throw new Error(`the output "${name}" is not a 32-bit float tensor`)
      // ONNX Runtime owns the output, so a copy is transferred; the input buffers are returned for reuse.
      const data = result.data.slice()
      result.dispose()
      return post({ kind: 'ran', output: { name, dims: result.dims, data }, inputs: message.inputs }, [
        data.buffer,
        ...message.inputs.map((input) => input.data.buffer),
      ])
    }
    case 'close':
      await session?.release()
      return post({ kind: 'closed' })
    default:
      return assertNever(message)
  }
}

async function createSession(path: string, options: TowerSessionOptions): Promise<InferenceSession> {
  const signedOverflow = await signedProductsOverflow()
  const plain = options.attention === 'plain'
  if (!plain && !options.mapped) return await InferenceSession.create(path, sessionOptions(options, { signedOverflow }))
  const file = await readFile(path)
  const graph = plain ? withPlainAttention(file) : file
  const facts = { signedOverflow, weightsFolder: dirname(path) }
  return await InferenceSession.create(options.mapped ? withLateCasts(graph) : graph, sessionOptions(options, facts))
}

function post(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
