import type { EngineEvent } from '../../shared/engine-events.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { diagnose } from '../diagnosis.ts'
import { Engine } from '../engine.ts'
import type { EngineCommand } from './engine-commands.ts'
import { serveCommands } from './serve-commands.ts'

/**
 * The engine's own process. Decoders, ONNX Runtime and llama.cpp are native code fed with files from anywhere:
 * when one of them dies, it is this process that dies, and the caller lives on to say so.
 */
let started: Engine | null = null

serveCommands<EngineCommand, EngineEvent>(async (command, signal, tell) => {
  switch (command.kind) {
    case 'start':
      started = new Engine(command.options)
      return null
    case 'diagnose':
      return diagnose(signal)
    case 'load':
      return engine().load(signal)
    case 'answer':
      for await (const event of engine().answer(command.conversation, command.turn, signal)) tell(event)
      return null
    case 'estimate':
      return engine().estimate(command.request, signal)
    case 'run-start':
      return engine().runStart(command.question)
    case 'close':
      return engine().close(command.conversation)
    case 'trace':
      return engine().trace(command.request, signal)
    default:
      return assertNever(command, 'command')
  }
})

function engine(): Engine {
  if (started) return started
  throw new TarsierError('internal', 'The engine was asked for something before it was started. Please report it.')
}
