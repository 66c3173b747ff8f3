import type { Command } from 'commander'
import { type PrepareEvent, type PrepareSummary, prepareAnnotations } from '../bench/prepare.ts'
import { assertNever } from '../shared/errors.ts'
import { counted } from '../shared/size-text.ts'
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
    .summary('fill in the clip paths in annotations')
    .description(
      'Copies annotations and replaces each "<placeholder>" by the path of the clip. Opens every clip once to check it.\n' +
        'A clip is found by the line\'s "vid": the name of a file anywhere in the folder, with or without its extension and parent folders.\n' +
        'If there is no such file, the names in "extra_info" are tried: videoID, youtube_id, video_name, or the id in url.\n' +
        'The rest of a line is not changed. Lines whose clip is not found are copied unchanged, invalid lines are omitted; both are listed.',
    )
    .requiredOption('--annotations <path>', 'annotations of version 1 or 2: a .jsonl file, or a folder of them')
    .requiredOption('--videos <dir>', 'folder that contains the clips')
    .requiredOption('-o, --out <file>', 'output file')
    .option('--overwrite', 'overwrite the output file if it exists (default: report an error)')
    .addHelpText(
      'after',
      `
Exit status: 0 all found and opened; 1 a line is invalid or a clip is missing or cannot be opened; 2 invalid usage; 130 stopped by Ctrl-C.

Example:
  tarsier bench prepare --annotations DREAM-1k.jsonl --videos DREAM-1k/video -o dream.jsonl`,
    )
    .action((options: PrepareOptions) => run((signal) => prepare(options, signal)))
}

async function prepare(options: PrepareOptions, signal: AbortSignal): Promise<ExitCode> {
  const progress = new ProgressLine(process.stderr)
  progress.begin(`searching ${options.videos}`)
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
  const leftOut = broken > 0 ? `; invalid lines omitted: ${broken}` : ''
  return `${counted(lines, 'line')}${withoutClip}; ${counted(clips, 'clip')}${notOpened}${leftOut}`
}
