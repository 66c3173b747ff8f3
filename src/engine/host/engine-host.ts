import { assertNever, asTarsierError, isAbort, TarsierError } from '../../shared/errors.ts'
import { diagnose } from '../diagnosis.ts'
import { Engine } from '../engine.ts'
import type { Command, FromHost, ToHost } from './protocol.ts'

/**
 * The engine's own process. Decoders, ONNX Runtime and llama.cpp are native code fed with files from anywhere:
 * when one of them dies, it is this process that dies, and the caller lives on to say so.
 */
let engine: Engine | null = null
const running = new Map<number, AbortController>()

function send(message: FromHost): void {
  // The parent may be gone already; `disconnect` below ends this process then.
  if (process.connected) process.send?.(message)
}

async function run(id: number, command: Command, signal: AbortSignal): Promise<unknown> {
  if (command.kind === 'diagnose') return diagnose(signal)
  if (!engine) throw new TarsierError('internal', 'The engine was asked for something before it was started. Please report it.')
  switch (command.kind) {
    case 'load':
      return engine.load(signal)
    case 'answer':
      for await (const event of engine.answer(command.conversation, command.turn, signal)) send({ kind: 'event', id, event })
      return null
    case 'close':
      return engine.close(command.conversation)
    case 'trace':
      return engine.trace(command.request, signal)
    default:
      return assertNever(command, 'command')
  }
}

async function handle(id: number, command: Command): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  try {
    const value = await run(id, command, controller.signal)
    send({ kind: 'result', id, value: value ?? null })
  } catch (error) {
    send({ kind: 'failed', id, error: isAbort(error) ? 'aborted' : asTarsierError(error).toData() })
    if (process.env.TARSIER_DEBUG === '1')
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  } finally {
    running.delete(id)
  }
}

process.on('message', (message: ToHost) => {
  switch (message.kind) {
    case 'start':
      engine = new Engine(message.options)
      return
    case 'command':
      void handle(message.id, message.command)
      return
    case 'cancel':
      running.get(message.id)?.abort()
      return
    default:
      assertNever(message, 'message')
  }
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches every process of the terminal; the parent decides what it means and cancels.
process.on('SIGINT', () => {})
