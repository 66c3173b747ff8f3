import { Option } from 'commander'
import { parseName } from './options.ts'

/** Where the queue is. Not checked while options are read, because commander prints the values of wrong options, and this one may have a password. */
export function queueOption(): Option {
  return new Option(
    '--queue <url>',
    'PostgreSQL database of the queue: postgres://USER@HOST:PORT/DATABASE. A password belongs in PGPASSWORD or in the file of PGPASSFILE, because other users of this machine can read command lines (default: TARSIER_QUEUE)',
  )
}

export function tagOption(): Option {
  return new Option('--tag <name>', 'only workers with this tag take the job (default: all workers)').argParser(parseName)
}
