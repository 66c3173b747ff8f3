import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { startEngineHost } from '../engine/host/host-client.ts'
import { expectFree } from '../jobs/write-file.ts'
import { options } from '../shared/options.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { optionFrom, parseOption } from './option-from.ts'
import { type ClipOptions, frameOptions, modelOptions, promptOption } from './options.ts'
import { ProgressLine } from './progress-line.ts'
import { clipRequest, engineOptions } from './requests.ts'

interface TraceOptions extends ClipOptions {
  readonly prompt?: string
  readonly maxTokens?: number
  readonly out: string
  readonly overwrite?: boolean
}

const FILES = ['trace.json', 'tensors.safetensors'] as const

function greedyOnly(text: string): number {
  const temperature = parseOption(options.temperature, text)
  if (temperature !== 0) throw new InvalidArgumentError('It must be 0: a trace always uses the most likely token.')
  return temperature
}

export function addTrace(program: Command, run: RunCommand): void {
  const command = program
    .command('trace')
    .summary('record every stage of one answer')
    .description(
      'Answers one question about a clip and writes the output of each stage, for comparison with the Python reference or between machines: ' +
        'trace.json (selected frames, prompt tokens, generated tokens and text) and tensors.safetensors (frames, embeddings, positions, ' +
        'logits of the first new token). The most likely token is always used, and the cache is not used.',
    )
    .argument('<file>', 'a video or picture')
    .requiredOption('-o, --out <dir>', 'folder for the two files; created if missing')
    .option('--overwrite', 'overwrite the two files if they exist (default: report an error)')
    .addOption(optionFrom(options.maxTokens, '--max-tokens <n>'))
  // Accepted so that a `describe` command line can be traced unchanged; they have no effect with greedy decoding.
  for (const option of [
    command.createOption('--temperature <t>').argParser(greedyOnly),
    optionFrom(options.topP, '--top-p <p>'),
    optionFrom(options.seed, '--seed <n>'),
  ]) {
    command.addOption(option.hideHelp())
  }
  for (const option of [...modelOptions(), ...frameOptions(), promptOption()]) command.addOption(option)
  command
    .addHelpText('after', '\nExample:\n  tarsier trace clip.mp4 -p "Describe the video in detail." --max-tokens 24 --out trace/')
    .action((file: string, options: TraceOptions) => run((signal) => trace(file, options, signal)))
}

async function trace(file: string, options: TraceOptions, signal: AbortSignal): Promise<ExitCode> {
  if (!options.overwrite) for (const name of FILES) await expectFree(join(options.out, name))
  const progress = new ProgressLine(process.stderr)
  await using client = startEngineHost(engineOptions(options))
  try {
    progress.begin('loading the model')
    const { defaults } = await client.load(signal)
    progress.begin(`tracing ${file}`)
    const request = {
      clip: clipRequest(file, options, defaults),
      prompt: options.prompt,
      maxTokens: options.maxTokens ?? defaults.generation.maxTokens,
      out: options.out,
    }
    await client.trace(request, signal)
  } finally {
    progress.clear()
  }
  for (const name of FILES) process.stdout.write(`${join(options.out, name)}\n`)
  return exitCodes.done
}
