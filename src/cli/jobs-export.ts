import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Database } from '../queue/database.ts'
import { type FileFormat, fileFormats } from '../queue/export/write-export.ts'
import type { Job } from '../queue/job-store.ts'
import { TarsierError } from '../shared/errors.ts'
import { counted } from '../shared/size-text.ts'
import { printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { parseName } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { queueOption } from './queue-options.ts'

interface ExportOptions {
  readonly queue?: string
  readonly format: FileFormat | 'sidecars'
  readonly out?: string
  readonly videos?: string
  readonly skipExisting?: boolean
  readonly overwrite?: boolean
}

export function addJobsExport(jobs: Command, run: RunCommand): void {
  const command = jobs
    .command('export')
    .summary('write the results of a job to a file')
    .description('Writes the results that a job has so far, in the order in which its clips were submitted.')
    .argument('<name>', 'name of the job')
    .addOption(queueOption())
    .addOption(
      new Option(
        '--format <name>',
        '"jsonl" for the lines that a run on one machine writes; "csv" and "parquet" for tables; "sidecars" for a text file next to each clip (clip.mp4 gives clip.txt, and clip-2.txt for a second question about it)',
      )
        .choices([...fileFormats, 'sidecars'])
        .default('jsonl'),
    )
    .addOption(new Option('-o, --out <file>', 'file of the results; not for sidecars').argParser(parseName))
    .addOption(new Option('--videos <dir>', 'with sidecars: folder of clips with relative paths on this machine').argParser(parseName))
    .option('--skip-existing', 'with sidecars: keep existing text files')
    .addOption(new Option('--overwrite', 'overwrite existing files (default: report an error)').conflicts('skipExisting'))
    .addHelpText(
      'after',
      `
Exit status: 0 all written; 1 a file could not be written (with sidecars, the others are); 2 invalid usage; 69 the database cannot be reached;
77 it refuses access; 130 stopped by Ctrl-C.

Examples:
  tarsier jobs export captions -o captions.jsonl
  tarsier jobs export captions --format parquet -o captions.parquet
  tarsier jobs export captions --format sidecars --videos clips/ --skip-existing
  tarsier jobs export bench -o predictions.jsonl && tarsier bench eval predictions.jsonl`,
    )
  command.action((name: string, options: ExportOptions) => {
    const sidecars = options.format === 'sidecars'
    if (!sidecars && options.out === undefined) command.error("error: give the file of the export with '--out FILE'")
    if (sidecars && options.out !== undefined) command.error("error: with '--format sidecars' there is no '--out'")
    const other = sidecars ? undefined : (['videos', 'skipExisting'] as const).find((option) => options[option] !== undefined)
    if (other) command.error(`error: option '--${other === 'videos' ? other : 'skip-existing'}' requires '--format sidecars'`)
    return run((signal) => exportJob(name, options, signal))
  })
}

async function exportJob(name: string, options: ExportOptions, signal: AbortSignal): Promise<ExitCode> {
  const { openQueue, queueUrl } = await import('../queue/open-queue.ts')
  const { findJob } = await import('../queue/job-store.ts')
  const progress = new ProgressLine(process.stderr)
  try {
    await using database = await openQueue(queueUrl(options.queue), signal)
    const job = await findJob(name, database, signal)
    progress.begin(`exporting ${oneLine(name)}`)
    return options.format === 'sidecars'
      ? await exportSidecars(job, database, options, progress, signal)
      : await exportFile(job, database, { ...options, format: options.format }, progress, signal)
  } finally {
    progress.clear()
  }
}

async function exportFile(
  job: Job,
  database: Database,
  { format, out = '', overwrite = false }: ExportOptions & { readonly format: FileFormat },
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { readResults } = await import('../queue/export/stored-results.ts')
  const { openWriter } = await import('../queue/export/write-export.ts')
  const writer = await openWriter(format, resolve(out), overwrite)
  let written = 0
  try {
    await readResults(
      job,
      database,
      async (page) => {
        await writer.write(page)
        written += page.length
        progress.detail(`exporting ${oneLine(job.name)}: ${counted(written, 'result')}`)
      },
      signal,
    )
    await writer.finish()
  } finally {
    await writer.close()
  }
  progress.clear()
  process.stdout.write(`${oneLine(job.name)}: ${counted(written, 'result')}\n`)
  return exitCodes.done
}

async function exportSidecars(
  job: Job,
  database: Database,
  { videos, overwrite, skipExisting }: ExportOptions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<ExitCode> {
  if (job.request.task === 'check')
    throw new TarsierError('usage', `The results of "${job.name}" are supports of given texts, not texts. Choose another --format.`)
  const { readUnits } = await import('../queue/export/stored-results.ts')
  const { Sidecars } = await import('../queue/export/write-sidecars.ts')
  const sidecars = new Sidecars({
    videos: videos ?? null,
    existing: overwrite ? 'overwrite' : skipExisting ? 'skip' : 'refuse',
    onFailure(file, error) {
      progress.clear()
      printError(error, file)
    },
  })
  await readUnits(
    job,
    database,
    async (page) => {
      await sidecars.write(page, signal)
      progress.detail(`exporting ${oneLine(job.name)}: ${counted(sidecars.counts.written, 'text')}`)
    },
    signal,
  )
  progress.clear()
  const { written, present, failed } = sidecars.counts
  const others = [...(present > 0 ? [`${present} there already`] : []), ...(failed > 0 ? [`${failed} failed`] : [])]
  process.stdout.write(`${[`${oneLine(job.name)}: ${counted(written, 'text')}`, ...others].join(', ')}\n`)
  return failed > 0 ? exitCodes.failed : exitCodes.done
}
