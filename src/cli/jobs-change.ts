import type { Command } from 'commander'
import type { Database } from '../queue/database.ts'
import { counted } from '../shared/size-text.ts'
import { exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { parseName } from './options.ts'
import { oneLine } from './printable.ts'
import { queueOption } from './queue-options.ts'

interface ChangeOptions {
  readonly queue?: string
}

export function addJobsPause(jobs: Command, run: RunCommand): void {
  const command = jobs
    .command('pause')
    .summary('stop giving out the clips of a job')
    .description('Workers finish their clips and take no more.')
  addChange<ChangeOptions>(command, run, async (name, _options, database, signal) => {
    const { setJobState } = await import('../queue/job-store.ts')
    await setJobState(name, 'paused', database, signal)
    return 'paused'
  })
}

export function addJobsResume(jobs: Command, run: RunCommand): void {
  const command = jobs.command('resume').summary('continue a paused job').description('Workers take clips of the job again.')
  addChange<ChangeOptions>(command, run, async (name, _options, database, signal) => {
    const { setJobState } = await import('../queue/job-store.ts')
    await setJobState(name, 'running', database, signal)
    return 'continues'
  })
}

export function addJobsCancel(jobs: Command, run: RunCommand): void {
  const command = jobs
    .command('cancel')
    .summary('end a job')
    .description('Clips that wait are dropped, and workers stop those in progress within seconds. Results stay and can be exported.')
    .option('--delete', 'also delete the job with all its results')
  addChange<ChangeOptions & { readonly delete?: boolean }>(command, run, async (name, options, database, signal) => {
    const { cancelJob, deleteJob } = await import('../queue/job-store.ts')
    if (options.delete) await deleteJob(name, database, signal)
    else await cancelJob(name, database, signal)
    return options.delete ? 'deleted' : 'cancelled'
  })
}

export function addJobsRetry(jobs: Command, run: RunCommand): void {
  const command = jobs
    .command('retry-failed')
    .summary('put the failed clips of a job back')
    .description('Workers try the failed clips of a job again.')
  command.addOption(command.createOption('--code <code>', 'only clips that failed with this code (default: all)').argParser(parseName))
  addChange<ChangeOptions & { readonly code?: string }>(command, run, async (name, { code = null }, database, signal) => {
    const { retryFailed } = await import('../queue/job-store.ts')
    const count = await retryFailed(name, code, database, signal)
    return `${counted(count, 'clip')} ${count === 1 ? 'is' : 'are'} tried again`
  })
}

function addChange<Options extends ChangeOptions>(
  command: Command,
  run: RunCommand,
  change: (name: string, options: Options, database: Database, signal: AbortSignal) => Promise<string>,
): void {
  command
    .argument('<name>', 'name of the job')
    .addOption(queueOption())
    .action((name: string, options: Options) =>
      run(async (signal) => {
        const { openQueue, queueUrl } = await import('../queue/open-queue.ts')
        await using database = await openQueue(queueUrl(options.queue), signal)
        process.stdout.write(`${oneLine(name)}: ${await change(name, options, database, signal)}\n`)
        return exitCodes.done
      }),
    )
}
