import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type ExportFormat, exportFormats } from '../queue/export/write-export.ts'
import { TarsierError } from '../shared/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { parseName } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { queueOption } from './queue-options.ts'

interface ExportOptions {
  readonly queue?: string
  readonly format: ExportFormat
  readonly out?: string
  readonly videos?: string
  readonly overwrite?: boolean
}

export function addJobsExport(jobs: Command, run: RunCommand): void {
  jobs
    .command('export')
    .summary('write the results of a job to a file')
    .description('Writes the results that a job has so far, in the order in which its clips were submitted.')
    .argument('<name>', 'name of the job')
    .addOption(queueOption())
    .addOption(
      new Option(
        '--format <name>',
        '"jsonl" for the lines that a run on one machine writes; "csv" and "parquet" for tables; "sidecars" for a text file next to each clip',
      )
        .choices(exportFormats)
        .default('jsonl'),
    )
    .addOption(new Option('-o, --out <file>', 'file of the results; not for sidecars').argParser(parseName))
    .addOption(new Option('--videos <dir>', 'with sidecars: folder of clips with relative paths on this machine').argParser(parseName))
    .option('--overwrite', 'overwrite existing text files of sidecars (default: report an error)')
    .addHelpText(
      'after',
      `
Examples:
  tarsier jobs export captions -o captions.jsonl
  tarsier jobs export captions --format parquet -o captions.parquet
  tarsier jobs export bench -o predictions.jsonl && tarsier bench eval predictions.jsonl`,
    )
    .action((name: string, options: ExportOptions) => run((signal) => exportJob(name, options, signal)))
}

async function exportJob(name: string, options: ExportOptions, signal: AbortSignal): Promise<ExitCode> {
  const { format, out, videos, overwrite = false } = options
  if (format !== 'sidecars' && out === undefined) throw new TarsierError('usage', 'Give the file of the export with --out.')
  const { openQueue, queueUrl } = await import('../queue/open-queue.ts')
  const { findJob } = await import('../queue/job-store.ts')
  const { readResults } = await import('../queue/export/stored-results.ts')
  const { openWriter } = await import('../queue/export/write-export.ts')
  const progress = new ProgressLine(process.stderr)
  await using database = await openQueue(queueUrl(options.queue), signal)
  const job = await findJob(name, database, signal)
  if (format === 'sidecars' && job.request.task === 'check')
    throw new TarsierError('usage', `The results of "${name}" are supports of given texts, not texts. Choose another --format.`)
  const writer = await openWriter(format, out === undefined ? '' : resolve(out), videos ?? null, overwrite)
  let written = 0
  try {
    progress.begin(`exporting ${oneLine(name)}`)
    await readResults(
      job,
      database,
      async (page) => {
        await writer.write(page)
        written += page.length
        progress.detail(`exporting ${oneLine(name)}: ${written} results`)
      },
      signal,
      { units: format === 'sidecars' },
    )
    await writer.finish()
    progress.clear()
    process.stdout.write(`${oneLine(name)}: ${written} results\n`)
    return exitCodes.done
  } finally {
    progress.clear()
    await writer.close()
  }
}
