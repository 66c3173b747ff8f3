import type { Command } from 'commander'
import type { RunCommand } from './interrupt.ts'
import { addJobsCancel, addJobsPause, addJobsResume, addJobsRetry } from './jobs-change.ts'
import { addJobsExport } from './jobs-export.ts'
import { addJobsList, addJobsShow } from './jobs-show.ts'
import { addJobsSubmit } from './jobs-submit.ts'

export function addJobs(program: Command, run: RunCommand): void {
  const jobs = program
    .command('jobs')
    .summary('share work between machines')
    .description(
      'Jobs are lists of clips in a PostgreSQL database, from which "tarsier worker" takes them on any number of machines. Each result is stored\n' +
        'exactly once, also if workers, the network or the database fail.',
    )
  for (const add of [addJobsSubmit, addJobsList, addJobsShow, addJobsPause, addJobsResume, addJobsCancel, addJobsRetry, addJobsExport])
    add(jobs, run)
}
