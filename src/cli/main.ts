import { Command, CommanderError } from 'commander'
import { keepCrashReports } from '../platform/crash-reports.ts'
import { neverConnectFromNowOn, obeySettingOf } from '../platform/never-connect.ts'
import { expectSupportedSystem } from '../platform/supported-systems.ts'
import { appVersion } from '../service/version.ts'
import { isAbort } from '../shared/errors.ts'
import { phrase } from '../shared/phrase.ts'
import { translate } from '../shared/translate.ts'
import { printError } from './errors.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts'
import { type RunCommand, untilInterrupted } from './interrupt.ts'
import { setLanguageOf } from './language.ts'
import { homeOf } from './requests.ts'
import { usageText } from './usage-text.ts'

/** Runs one command line (without the program's own name) and returns the exit status. Never throws. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done
  const run: RunCommand = async (work) => {
    code = await untilInterrupted(async (signal, interrupts) => {
      expectSupportedSystem()
      return await work(signal, interrupts)
    })
  }
  try {
    await setLanguageOf(process.env)
    const program = await createProgram(run, args[0])
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

const NEVER_CONNECT =
  'make no connection to another machine, whatever the command; what needs one fails with [connections-off]. As TARSIER_NEVER_CONNECT=1, and as the setting of the app'

/** All commands, in the order of the help. Each is loaded on its own: loading all of them takes a third of a second. */
const commands: Readonly<Record<string, () => Promise<(program: Command, run: RunCommand) => void>>> = {
  describe: async () => (await import('./describe.ts')).addDescribe,
  events: async () => (await import('./events.ts')).addEvents,
  check: async () => (await import('./check.ts')).addCheck,
  chat: async () => (await import('./chat.ts')).addChat,
  trace: async () => (await import('./trace.ts')).addTrace,
  models: async () => (await import('./models.ts')).addModels,
  bench: async () => (await import('./bench.ts')).addBench,
  jobs: async () => (await import('./jobs.ts')).addJobs,
  worker: async () => (await import('./worker.ts')).addWorker,
  serve: async () => (await import('./serve.ts')).addServe,
  mcp: async () => (await import('./mcp.ts')).addMcp,
  gpu: async () => (await import('./gpu.ts')).addGpu,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
}

/**
 * Creates the program with its commands and their options. `run` executes a command.
 * @param only name of the only command to load. Defaults to all commands, also for any other name
 */
export async function createProgram(run: RunCommand, only?: string): Promise<Command> {
  const program = new Command('tarsier')
    .description(
      'Describes videos and pictures and answers questions about them with a model on your machine, offline.\n' +
        'The built-in "demo" model supports only moving shapes. "tarsier models catalogue" lists full models, "tarsier models import" installs them.',
    )
    .version(appVersion(), '-V, --version', 'show the version')
    .option('--never-connect', NEVER_CONNECT)
    .hook('preAction', (_program, command) => {
      const { neverConnect, home } = command.optsWithGlobals<{ neverConnect?: boolean; home?: string }>()
      if (neverConnect) neverConnectFromNowOn()
      const folder = homeOf(home === undefined ? {} : { home })
      obeySettingOf(folder)
      keepCrashReports(folder, 'command', appVersion())
    })
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 110, 140), showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(usageText(text)) })
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError(translate(phrase`Add --help to see the allowed options.`))
    .addHelpText('after', '\nRun "tarsier COMMAND --help" for help on a command. TARSIER_DEBUG=1 adds stack traces to errors.')
  const wanted = only !== undefined && Object.hasOwn(commands, only) ? [only] : Object.keys(commands)
  for (const name of wanted) (await commands[name]?.())?.(program, run)
  return program
}
