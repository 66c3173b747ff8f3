import type { Command } from 'commander'
import type { QueueJob, QueueWorker } from '../shared/contract/queue.ts'
import { TarsierError } from '../shared/errors.ts'
import { exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { oneLine } from './printable.ts'
import { queueOption } from './queue-options.ts'
import { durationText } from './transfer-text.ts'

interface ShowOptions {
  readonly queue?: string
  readonly json?: boolean
}

export function addJobsList(jobs: Command, run: RunCommand): void {
  jobs
    .command('list')
    .summary('list the jobs of a queue')
    .description('Lists the jobs of a queue with their progress, the newest first.')
    .addOption(queueOption())
    .option('--json', 'print one line of JSON per job')
    .action((options: ShowOptions) =>
      run(async (signal) => {
        const { openQueue, queueUrl } = await import('../queue/open-queue.ts')
        const { jobProgress } = await import('../queue/job-progress.ts')
        await using database = await openQueue(queueUrl(options.queue), signal)
        const found = await jobProgress(database, signal)
        for (const job of found) process.stdout.write(options.json ? `${JSON.stringify(job)}\n` : `${progressLine(job)}\n`)
        if (found.length === 0 && !options.json) process.stderr.write('tarsier: the queue has no jobs\n')
        return exitCodes.done
      }),
    )
}

export function addJobsShow(jobs: Command, run: RunCommand): void {
  jobs
    .command('show')
    .summary('show a job with its workers and failures')
    .description('Shows the progress of a job, its rate and the time left, its workers, and its failures by code.')
    .argument('<name>', 'name of the job')
    .addOption(queueOption())
    .option('--json', 'print the details as JSON')
    .action((name: string, options: ShowOptions) =>
      run(async (signal) => {
        const { openQueue, queueUrl } = await import('../queue/open-queue.ts')
        const { jobDetails } = await import('../queue/job-progress.ts')
        await using database = await openQueue(queueUrl(options.queue), signal)
        const job = await jobDetails(name, database, signal)
        if (!job) throw new TarsierError('nothing-found', `The queue has no job "${name}". "tarsier jobs list" shows all jobs.`)
        if (options.json) process.stdout.write(`${JSON.stringify(job, null, 2)}\n`)
        else {
          process.stdout.write(`${progressLine(job)}\n`)
          for (const worker of job.workers) process.stdout.write(`  ${workerLine(worker)}\n`)
          for (const { code, count, example } of job.failures)
            process.stdout.write(`  ${count} failed with ${code}, such as: ${oneLine(example)}\n`)
        }
        return exitCodes.done
      }),
    )
}

function progressLine({ name, task, model, tag, state, units, done, failed, running, perMinute, secondsLeft }: QueueJob): string {
  const parts = [`${task} with ${model}`, `${done + failed} of ${units} clips`]
  if (tag !== null) parts.push(`tag ${tag}`)
  if (failed > 0) parts.push(`${failed} failed`)
  if (running > 0) parts.push(`${running} in progress`)
  if (perMinute !== null) parts.push(`${rateText(perMinute)}/min`)
  if (secondsLeft !== null) parts.push(`${durationText(secondsLeft)} left`)
  const shown = state === 'running' && done + failed >= units ? 'done' : state
  return `${oneLine(name)}: ${shown}, ${oneLine(parts.join(', '))}`
}

function workerLine({ name, program, alive, running, done, failed, perMinute }: QueueWorker): string {
  const rate = perMinute === null ? '' : `, ${rateText(perMinute)}/min`
  return `${oneLine(name)} (${program}): ${alive ? 'works' : 'ended'}, ${done} done, ${failed} failed, ${running} in progress${rate}`
}

function rateText(perMinute: number): string {
  return perMinute < 10 ? perMinute.toFixed(1) : String(Math.round(perMinute))
}
