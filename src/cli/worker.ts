import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { HubModel } from '../queue/job-models.ts'
import type { JobModel } from '../queue/job-request.ts'
import type { WorkerEvent } from '../queue/worker.ts'
import { appVersion } from '../service/version.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import { assertNever, isAbort, type TarsierError } from '../shared/errors.ts'
import { options } from '../shared/options.ts'
import { printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Interrupts, RunCommand } from './interrupt.ts'
import { optionFrom } from './option-from.ts'
import { homeOption, parseName } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { queueOption } from './queue-options.ts'
import { homeOf } from './requests.ts'
import { parseCount, parseWorkers } from './run-text.ts'
import { baseUrlOption, checkServerOptions, inFlightOption, serverModelOption } from './server-options.ts'

export interface WorkerCommandOptions {
  readonly queue?: string | undefined
  readonly engine: 'local' | 'openai'
  readonly model?: string | undefined
  readonly job?: string | undefined
  readonly concurrency?: number | undefined
  readonly tag: string[]
  readonly drain?: boolean | undefined
  readonly grace: number
  readonly anyVersion?: boolean | undefined
  readonly fetchModel?: boolean | undefined
  readonly device: DeviceChoice
  readonly untested?: boolean | undefined
  readonly home?: string | undefined
  readonly videos?: string | undefined
  readonly allowHost: string[]
  readonly maxFetch: number
  readonly baseUrl?: readonly string[] | undefined
  readonly serverModel?: string | undefined
  readonly inFlight?: number | undefined
}

/** Time for the first connection: a database that is being started again takes a few seconds. */
const START_MS = 10_000
const DAY_MS = 24 * 60 * 60 * 1000
/** Interval of progress lines if stderr is not a terminal, in milliseconds. */
const LOG_EVERY_MS = 60_000

export function addWorker(program: Command, run: RunCommand): void {
  const command = program
    .command('worker')
    .summary('work on the jobs of a queue')
    .description(
      'Takes clips of jobs ("tarsier jobs") from a queue and stores their results, until it is stopped. Start it on any number of machines.\n' +
        'If the database cannot be reached, it waits. If a worker is killed, others do its clips.',
    )
    .addOption(queueOption())
    .option('--drain', 'end when all clips of the jobs for this worker are done (default: wait for further jobs)')
    .addOption(
      new Option(
        '--grace <seconds>',
        'after SIGTERM or Ctrl-C: time to finish the clips in progress; those that are not done are given back',
      )
        .argParser((text) => parseSeconds(text))
        .default(30),
    )
    .addOption(new Option('--job <name>', 'work only on this job (default: all)').argParser(parseName))
    .addOption(repeated('--tag <name>', 'also take jobs that were submitted with this tag. Can be given several times'))
    .option('--any-version', 'also take jobs that another version of this program submitted; its results may differ')
  command
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--engine <name>',
        '"local" for jobs whose model runs on this machine; "openai" for jobs whose model is on OpenAI-compatible servers (docs/scale.md)',
      )
        .choices(['local', 'openai'])
        .default('local'),
    )
    .addOption(new Option('-m, --model <name>', 'only take jobs with the model of this name (default: all)').argParser(parseName))
    .addOption(
      new Option(
        '--concurrency <k>',
        'clips at a time; with a local model each has a process that loads its own model (default: 1; with openai as many as keep the servers busy)',
      ).argParser(parseWorkers),
    )
    .option('--fetch-model', 'download and import the model of a job from the Hugging Face hub if this machine does not have it')
    .addOption(optionFrom(options.device, '--device <name>', { default: 'auto' }))
    .option('--untested', 'use a device even if its results differ from those of the CPU (see "tarsier doctor")')
    .addOption(homeOption())
  command
    .optionsGroup('Servers (with --engine openai; the key is read from OPENAI_API_KEY, proxies from HTTPS_PROXY, HTTP_PROXY and NO_PROXY):')
    .addOption(
      baseUrlOption(
        'base URL of a server, such as http://gpu:8000/v1; can be repeated for servers that share the clips (default: OPENAI_BASE_URL)',
      ),
    )
    .addOption(serverModelOption("name on the servers of a job's imported model (default: its name in the job)"))
    .addOption(inFlightOption())
  command
    .optionsGroup('Clips:')
    .addOption(
      new Option('--videos <dir>', 'folder of the clips with relative paths or placeholders (default: the current folder)').argParser(
        parseName,
      ),
    )
    .addOption(repeated('--allow-host <host>', 'fetch clips with http(s) addresses from this host. Can be given several times'))
    .addOption(
      new Option('--max-fetch <megabytes>', 'largest clip that is fetched').argParser((text) => parseCount(text, 1e7)).default(4096),
    )
    .addHelpText(
      'after',
      `
Exit status: 0 all done (with --drain); 1 a job could not be done here, or the worker had to stop; 2 invalid usage; 69 the database
cannot be reached for ten seconds at the start; 77 it refuses access; 130 or 143 after Ctrl-C or SIGTERM.

Examples:
  tarsier worker --queue postgres://tarsier@db/tarsier --videos /mnt/clips
  tarsier worker --drain --concurrency 2 --device cuda
  tarsier worker --engine openai --base-url http://gpu1:8000/v1 --base-url http://gpu2:8000/v1 --in-flight 32`,
    )
    .action((given: WorkerCommandOptions) => {
      checkServerOptions(command, given)
      return run((signal, interrupts) => work(given, signal, interrupts))
    })
}

/** Runs a worker until its queue is drained or it is stopped. */
export async function work(given: WorkerCommandOptions, signal: AbortSignal, interrupts: Interrupts): Promise<ExitCode> {
  const [{ openQueue, queueUrl }, { runWorker }, { openWork }, { ClipPlaces }, { JobModels }, { leaseSeconds }] = await Promise.all([
    import('../queue/open-queue.ts'),
    import('../queue/worker.ts'),
    import('../queue/open-work.ts'),
    import('../queue/clip-places.ts'),
    import('../queue/job-models.ts'),
    import('../queue/lease.ts'),
  ])
  const home = homeOf(given.home === undefined ? {} : { home: given.home })
  const lease = leaseSeconds(process.env)
  const output = new WorkerOutput()
  const url = queueUrl(given.queue)
  const statementMs = lease * 1000
  const onOutage = (error: TarsierError | null) => output.outage(error)
  // The first connection fails soon, so that a wrong address is noticed.
  await (await openQueue(url, signal, { patience: START_MS, statementMs, onOutage }))[Symbol.asyncDispose]()
  const stopping = new AbortController()
  const ending = new AbortController()
  let grace: NodeJS.Timeout | undefined
  using _first = interrupts.beforeEnd(() => {
    output.say(`finishing the clips in progress for up to ${given.grace} s; stop again to give them back now`)
    stopping.abort()
    grace = setTimeout(() => ending.abort(), given.grace * 1000)
  })
  const stop = AbortSignal.any([signal, ending.signal])
  const engines: JobModel['engine'][] = given.engine === 'local' ? ['tarsier'] : ['servers', 'openai']
  await using places = await ClipPlaces.open({
    videos: given.videos ?? null,
    home,
    fetching: { folder: join(home, 'cache', 'fetched-clips'), allowed: given.allowHost, maxBytes: given.maxFetch * 1e6 },
  })
  await using database = await openQueue(url, signal, {
    patience: 365 * DAY_MS,
    statementMs,
    onOutage,
  })
  const workOptions = {
    home,
    device: given.device,
    untested: given.untested === true,
    concurrency: given.concurrency ?? null,
    servers: {
      baseUrls: given.baseUrl ?? [],
      model: given.serverModel ?? null,
      perServer: given.inFlight ?? null,
      onNotice: (text: string) => output.say(text),
    },
    version: appVersion(),
    models: new JobModels(home, given.fetchModel === true ? fetcher(home, output) : null),
  }
  try {
    await runWorker(
      database,
      {
        engines,
        model: given.model ?? null,
        job: given.job ?? null,
        tags: given.tag,
        drain: given.drain === true,
        version: appVersion(),
        anyVersion: given.anyVersion === true,
        lease,
        open: (job, abort) => openWork(job, workOptions, abort),
        places,
      },
      (event) => output.event(event),
      stopping.signal,
      stop,
    )
  } catch (error) {
    // The grace time is over, and the clips were given back.
    if (!(isAbort(error) && ending.signal.aborted && !signal.aborted)) throw error
  } finally {
    clearTimeout(grace)
    output.end()
  }
  return output.unable ? exitCodes.failed : exitCodes.done
}

/** Imports a job's model from the hub. */
function fetcher(home: string, output: WorkerOutput) {
  return async ({ name, source }: HubModel, folder: string, signal: AbortSignal) => {
    const { bringIn } = await import('./models-import.ts')
    output.say(`importing ${source.repository} as "${folder}"`)
    const { repository, revision, language, vision } = source
    // Whoever submitted the job has the model, and accepted its licence.
    await bringIn(repository, { name, folder, language, vision, home, acceptLicence: true, ...(revision !== null && { revision }) }, signal)
  }
}

class WorkerOutput {
  readonly progress = new ProgressLine(process.stderr)
  /** Whether a job could not be done on this machine. */
  unable = false
  #done = 0
  #failed = 0
  #logged = performance.now()

  event(event: WorkerEvent): void {
    switch (event.kind) {
      case 'opening':
        this.progress.begin(`${oneLine(event.job.name)}: loading ${oneLine(event.job.request.model.name)}`)
        return
      case 'unable':
        this.unable = true
        this.progress.clear()
        printError(event.error, event.job.name)
        return
      case 'started':
        this.#show(event.claimed.job.name)
        return
      case 'returned':
        this.progress.clear()
        printError(event.error, event.name)
        return
      case 'folder':
        this.say(
          event.error ? `${event.error.message} Its clips are given back. Waiting for it.` : 'the folder of the clips is there again',
        )
        return
      case 'finished':
        if (event.error) {
          this.#failed += 1
          this.progress.clear()
          printError(event.error, event.name)
        } else this.#done += 1
        this.#show(event.claimed.job.name)
        return
      default:
        assertNever(event, 'event')
    }
  }

  outage(error: TarsierError | null): void {
    if (error) this.say(`${error.message} Waiting for it.`)
    else this.say('the database can be reached again')
  }

  say(text: string): void {
    this.progress.clear()
    process.stderr.write(`tarsier: ${oneLine(text)}\n`)
  }

  end(): void {
    this.progress.clear()
    process.stdout.write(`${this.#done} done, ${this.#failed} failed\n`)
  }

  #show(job: string): void {
    const text = `${oneLine(job)}: ${this.#done} done${this.#failed > 0 ? `, ${this.#failed} failed` : ''}`
    if (this.progress.shown) this.progress.detail(text)
    else if (performance.now() - this.#logged >= LOG_EVERY_MS) {
      this.#logged = performance.now()
      this.say(text)
    }
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || seconds > 86_400) throw new InvalidArgumentError('It must be a number of seconds from 0 to 86400.')
  return seconds
}

function repeated(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string, before: string[]) => [...before, parseName(text)]).default([], 'none')
}
