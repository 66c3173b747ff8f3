import { type Command, Option } from 'commander'
import { type LanguagePrecision, languagePrecisions, type VisionPrecision, visionPrecisions } from '../shared/model-manifest.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'

interface ImportOptions {
  readonly name: string
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  readonly summary?: string
  readonly licence?: string
  readonly home?: string
}

export function addImport(models: Command, run: RunCommand): void {
  models
    .command('import')
    .summary('make a model from a checkpoint folder')
    .description(
      'Reads a Qwen2-VL checkpoint (Tarsier2 among them) in a folder as Hugging Face writes it: config.json, safetensors in one file or shards, ' +
        'tokenizer and preprocessor settings. Writes a language file, a vision file and a manifest into the models folder. ' +
        'An import that is stopped or fails leaves nothing behind.',
    )
    .argument('<dir>', 'the checkpoint folder')
    .requiredOption('--name <name>', 'what the model shall be called here (needed)')
    .addOption(
      new Option('--language <precision>', 'precision of the language model; q8_0 takes half of f16 and a quarter of f32')
        .choices(languagePrecisions)
        .default('q8_0'),
    )
    .addOption(new Option('--vision <precision>', 'precision of the vision tower').choices(visionPrecisions).default('f16'))
    .option('--summary <text>', 'a sentence shown wherever the model is named (default: none)')
    .option('--licence <name>', "the model's licence (default: unknown)")
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  tarsier models import Tarsier2-Recap-7b --name tarsier2 --language q8_0 --vision f16')
    .action((directory: string, options: ImportOptions) => run((signal) => bringIn(directory, options, signal)))
}

async function bringIn(directory: string, options: ImportOptions, signal: AbortSignal): Promise<ExitCode> {
  const progress = new ProgressLine(process.stderr)
  progress.begin(`importing ${directory}`)
  try {
    const { name, language, vision, summary, licence } = options
    // Loaded only here: it brings the ONNX writer along, which no other command needs.
    const { importCheckpoint } = await import('../engine/models/import/import-checkpoint.ts')
    const path = await importCheckpoint(directory, {
      name,
      language,
      vision,
      home: homeOf(options),
      signal,
      onProgress: ({ value, title }) => progress.detail(`importing ${directory}: ${Math.floor(value * 100)} %, ${title}`),
      ...(summary !== undefined && { summary }),
      ...(licence !== undefined && { licence }),
    })
    progress.clear()
    process.stdout.write(`${path}\n`)
    return exitCodes.done
  } finally {
    progress.clear()
  }
}
