import { Command, CommanderError } from 'commander'
import { expectSupportedSystem } from '../platform/supported-systems.ts'
import { appVersion } from '../service/version.ts'
import { isAbort } from '../shared/errors.ts'
import { addBench } from './bench.ts'
import { addChat } from './chat.ts'
import { addCheck } from './check.ts'
import { addDescribe } from './describe.ts'
import { addDoctor } from './doctor.ts'
import { printError } from './errors.ts'
import { addEvents } from './events.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts'
import { type RunCommand, untilInterrupted } from './interrupt.ts'
import { addJobs } from './jobs.ts'
import { addModels } from './models.ts'
import { addServe } from './serve.ts'
import { addTrace } from './trace.ts'
import { addWorker } from './worker.ts'

/** Runs one command line (without the program's own name) and returns the exit status. Never throws. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done
  const run: RunCommand = async (work) => {
    code = await untilInterrupted(async (signal, interrupts) => {
      expectSupportedSystem()
      return await work(signal, interrupts)
    })
  }
  const program = createProgram(run)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // Commander has already printed its message (or the requested help).
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    if (isAbort(error)) return exitCodes.interrupted
    printError(error)
    return exitCodeOf(error)
  }
}

/** Creates all commands with their options. `run` executes a command. */
export function createProgram(run: RunCommand): Command {
  const program = new Command('tarsier')
    .description(
      'Describes videos and pictures and answers questions about them with a model on your machine, offline.\n' +
        'The built-in "demo" model supports only moving shapes. "tarsier models catalogue" lists full models, "tarsier models import" installs them.',
    )
    .version(appVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 110, 140) })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tarsier: ')) })
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help to see the allowed options.')
    .addHelpText('after', '\nRun "tarsier COMMAND --help" for help on a command. TARSIER_DEBUG=1 adds stack traces to errors.')
  addDescribe(program, run)
  addEvents(program, run)
  addCheck(program, run)
  addChat(program, run)
  addTrace(program, run)
  addModels(program, run)
  addBench(program, run)
  addJobs(program, run)
  addWorker(program, run)
  addServe(program, run)
  addDoctor(program, run)
  return program
}
