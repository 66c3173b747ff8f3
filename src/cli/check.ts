import { text as readAll } from 'node:stream/consumers'
import type { Command } from 'commander'
import { startEngineHost } from '../engine/host/host-client.ts'
import { TarsierError } from '../shared/errors.ts'
import { eventOptions } from '../shared/options.ts'
import { supportReport } from '../shared/support-report.ts'
import type { SupportedSentence, TimedText } from '../shared/timed-text.ts'
import { readText } from './events.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { optionFrom } from './option-from.ts'
import { type ClipOptions, frameOptions, modelOptions, promptOption, systemOption } from './options.ts'
import { oneLine, printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { clipRequest, engineOptions } from './requests.ts'

/** Words below this support are named in the plain output. */
const DOUBTFUL = 0.5

interface CheckOptions extends ClipOptions {
  readonly text: string
  readonly prompt?: string
  readonly system?: string
  readonly json?: boolean
  readonly failBelow?: number
}

export function addCheck(program: Command, run: RunCommand): void {
  const command = program
    .command('check')
    .summary('check a text against a clip')
    .description(
      'Tells how much a clip supports each sentence and word of a text, such as a caption of another program, from 0 (the clip contradicts it) to 1 ' +
        '(the clip shows it), and when each sentence is supported best.',
    )
    .argument('<file>', 'a video or picture')
    .requiredOption('--text <file>', 'file with the text, or - for stdin')
  for (const option of [...modelOptions(), ...frameOptions(), promptOption(), systemOption()]) command.addOption(option)
  command
    .optionsGroup('Output:')
    .option(
      '--json',
      'print one line of JSON: {"file","support","sentences":[{"text","support","start","end","words":[{"text","support"}]}]}',
    )
    .addOption(optionFrom(eventOptions.failBelow, '--fail-below <support>'))
    .addHelpText(
      'after',
      `
Exit status: 0 done; 1 the file failed, or a sentence is below --fail-below; 2 invalid usage; 130 stopped by Ctrl-C.

Examples:
  tarsier check clip.mp4 --text caption.txt
  echo "A red circle moves right." | tarsier check clip.mp4 --text - --json --fail-below 0.5`,
    )
    .action((file: string, options: CheckOptions) => run((signal) => check(file, options, signal)))
}

async function check(file: string, options: CheckOptions, signal: AbortSignal): Promise<ExitCode> {
  const text = (options.text === '-' ? await readAll(process.stdin) : await readText(options.text)).trim()
  if (text === '') throw new TarsierError('usage', 'The text is empty. Give a text with at least one word.')
  const progress = new ProgressLine(process.stderr)
  await using engine = startEngineHost(engineOptions(options))
  progress.begin('loading the model')
  const { defaults } = await engine.load(signal)
  progress.begin(file)
  const turn = { kind: 'ask', text: options.prompt, system: options.system, clip: clipRequest(file, options, defaults) } as const
  let timed: TimedText | null = null
  for await (const event of engine.timeText(file, { turn, text }, signal)) {
    if (event.kind === 'timed') timed = event.timed
    else if (event.kind === 'scored') progress.detail(`${file}: checking, frame ${event.done} of ${event.of}`)
    else if (event.kind === 'notice') process.stderr.write(`tarsier: ${oneLine(file)}: ${oneLine(event.text)}\n`)
    else progress.event(event)
  }
  progress.clear()
  const sentences = timed?.sentences ?? []
  const support = sentences.reduce((least, sentence) => Math.min(least, sentence.support), 1)
  if (options.json) process.stdout.write(`${JSON.stringify(supportReport(file, { sentences }))}\n`)
  else for (const sentence of sentences) process.stdout.write(`${printable(plainText(sentence))}\n`)
  return options.failBelow !== undefined && support < options.failBelow ? exitCodes.failed : exitCodes.done
}

function plainText({ text, support, begins, ends, words }: SupportedSentence): string {
  const time = begins === null ? '' : ` from ${begins.toFixed(1)} s${ends === null ? '' : ` to ${ends.toFixed(1)} s`}`
  const doubtful = words.filter((word) => word.support < DOUBTFUL).map((word) => `"${word.text}" ${word.support.toFixed(2)}`)
  return `${support.toFixed(2)}${time}  ${text}${doubtful.length === 0 ? '' : `  (${doubtful.join(', ')})`}`
}
