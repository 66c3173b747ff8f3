import type { Command } from 'commander'
import { type PrepareEvent, type PrepareSummary, prepareAnnotations } from '../bench/prepare.ts'
import { assertNever } from '../shared/errors.ts'
import { brokenLineError, printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'

interface PrepareOptions {
  readonly annotations: string
  readonly videos: string
  readonly out: string
  readonly overwrite?: boolean
}

export function addPrepare(bench: Command, run: RunCommand): void {
  bench
    .command('prepare')
    .summary("write the clips' paths into annotations")
    .description(
      'Writes annotations anew with the path of its clip in every line that has "<placeholder>" for it, and opens every clip once.\n' +
        'A clip is found by the line\'s "vid": the name of a file anywhere below the folder, with or without extension and folders before it.\n' +
        'Where no file is called so, the names in "extra_info" are tried: videoID, youtube_id, video_name, or the id in url.\n' +
        'Nothing else of a line is changed. Lines whose clip is not found stay as they are, broken ones are left out; both are listed.',
    )
    .requiredOption('--annotations <path>', 'annotations of version 1 or 2: a .jsonl file, or a folder of them')
    .requiredOption('--videos <dir>', 'folder of the clips')
    .requiredOption('-o, --out <file>', 'file to write')
    .option('--overwrite', 'write the file anew if it is there already (default: that is refused)')
    .addHelpText(
      'after',
      `
Exit status: 0 all found and opened, 1 a line is broken or a clip is missing or cannot be opened, 2 wrong usage, 130 stopped by Ctrl-C.

Example:
  tarsier bench prepare --annotations DREAM-1k.jsonl --videos DREAM-1k/video -o dream.jsonl`,
    )
    .action((options: PrepareOptions) => run((signal) => prepare(options, signal)))
}

async function prepare(options: PrepareOptions, signal: AbortSignal): Promise<ExitCode> {
  const progress = new ProgressLine(process.stderr)
  progress.begin(`looking through ${options.videos}`)
  try {
    const summary = await prepareAnnotations({ ...options, overwrite: options.overwrite === true }, signal, (event) =>
      show(event, progress),
    )
    progress.clear()
    process.stdout.write(`${oneLine(options.out)}: ${summaryText(summary)}\n`)
    return summary.broken + summary.missing + summary.unusable > 0 ? exitCodes.failed : exitCodes.done
  } finally {
    progress.clear()
  }
}

function show(event: PrepareEvent, progress: ProgressLine): void {
  switch (event.kind) {
    case 'line':
      progress.detail(`reading annotations: ${event.done} lines`)
      return
    case 'checking':
      progress.detail(`opening clips: ${event.done} of ${event.of}`)
      return
    case 'broken':
      progress.clear()
      printError(brokenLineError(event))
      return
    case 'missing':
      progress.clear()
      printError(event.error, `${event.file}:${event.line}${event.lines > 1 ? ` and ${event.lines - 1} more` : ''}`)
      return
    case 'unusable':
      progress.clear()
      printError(event.error, event.path)
      return
    default:
      assertNever(event, 'event')
  }
}

/** Formats a summary, such as "1000 lines, 3 of them without a clip; 997 clips, 1 of them cannot be opened; broken lines left out: 2". */
function summaryText({ lines, missing, broken, clips, unusable }: PrepareSummary): string {
  const withoutClip = missing > 0 ? `, ${missing} of them without a clip` : ''
  const notOpened = unusable > 0 ? `, ${unusable} of them cannot be opened` : ''
  const leftOut = broken > 0 ? `; broken lines left out: ${broken}` : ''
  return `${lines} lines${withoutClip}; ${clips} clips${notOpened}${leftOut}`
}
