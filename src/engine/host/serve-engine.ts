import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { chatMessages } from '../conversation/chat-messages.ts'
import { DeviceGuard, type DeviceSupervision } from '../devices/device-guard.ts'
import { DeviceTestStore } from '../devices/device-test-store.ts'
import { diagnose } from '../diagnosis.ts'
import type { Engine } from '../engine.ts'
import type { EngineOptions } from '../engine-client.ts'
import { findGpuPack } from '../gpu-pack/find-pack.ts'
import { KeptBuilds } from '../language/kept-builds.ts'
import { PromptCounter } from '../language/prompt-counter.ts'
import { readManifest } from '../models/manifest.ts'
import type { AnswerCommand, CountCommand, EngineCommand, HostEvent, TimeCommand } from './engine-commands.ts'
import { reportDeviceUse, serveCommands } from './serve-commands.ts'

/** Makes the engine of a process. Called after the GPU pack was found, if one is installed. */
type MakeEngine = (options: EngineOptions, supervision: DeviceSupervision) => Engine | Promise<Engine>

/** Serves the commands of the engine process with the engine from `make`, and the diagnosis from `probe`. */
export function serveEngine(make: MakeEngine, probe = diagnose): void {
  let started: Promise<Engine> | null = null
  const engine = async (): Promise<Engine> => {
    if (started) return await started
    throw new TarsierError('internal', 'The engine received a request before it was started. Please report it.')
  }
  const serve = async (command: EngineCommand, signal: AbortSignal, emit: (event: HostEvent) => void): Promise<unknown> => {
    switch (command.kind) {
      case 'start':
        started = start(command.options, { passedOver: command.passedOver, report: reportDeviceUse }, make)
        // The commands that need the engine report its errors.
        started.catch(() => {})
        return null
      case 'diagnose': {
        const { home, passedOver } = command
        await findGpuPack(home)
        const guard = new DeviceGuard({ tests: new DeviceTestStore(home), passedOver, report: reportDeviceUse })
        // A diagnosis creates no data folder.
        return probe(guard, signal, existsSync(home) ? new KeptBuilds(home) : undefined)
      }
      case 'load':
        return (await engine()).load(signal, command.upcoming)
      case 'answer':
        return answer(await engine(), command, signal, emit)
      case 'time-text':
        return timeText(await engine(), command, signal, emit)
      case 'write':
        return (await engine()).write(command.request, signal)
      case 'estimate':
        return (await engine()).estimate(command.request, signal)
      case 'run-start':
        return (await engine()).runStart(command.question)
      case 'close':
        return (await engine()).close(command.conversation)
      case 'trace':
        return (await engine()).trace(command.request, signal)
      case 'count-prompt':
        return countPrompt(command, signal)
      default:
        return assertNever(command, 'command')
    }
  }
  serveCommands(serve, async () => (await started?.catch(() => null))?.stored())
}

async function start(options: EngineOptions, supervision: DeviceSupervision, make: MakeEngine): Promise<Engine> {
  await findGpuPack(options.home)
  return await make(options, supervision)
}

async function countPrompt({ directory, messages, answerPrefix }: CountCommand, signal: AbortSignal): Promise<number> {
  const { language, prompt } = await readManifest(directory)
  await using counter = await PromptCounter.open(join(directory, language.file), { ...prompt, signal })
  return await counter.count(chatMessages(messages), answerPrefix)
}

async function answer(
  engine: Engine,
  { conversation, past, turn }: AnswerCommand,
  signal: AbortSignal,
  emit: (event: HostEvent) => void,
): Promise<null> {
  if (past) engine.recall(conversation, past)
  for await (const event of engine.answer(conversation, turn, signal)) {
    if (event.kind === 'stage' && event.stage === 'writing') emit({ kind: 'history', messages: engine.history(conversation) })
    emit(event)
  }
  return null
}

async function timeText(
  engine: Engine,
  { conversation, past, request }: TimeCommand,
  signal: AbortSignal,
  emit: (event: HostEvent) => void,
): Promise<null> {
  if (past) engine.recall(conversation, past)
  for await (const event of engine.timeText(conversation, request, signal)) emit(event)
  return null
}
