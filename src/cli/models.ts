import { type Command, Option } from 'commander'
import { listModels } from '../engine/models/registry.ts'
import { type LanguagePrecision, languagePrecisions, type VisionPrecision, visionPrecisions } from '../shared/model-manifest.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'
import { modelBytes, sizeText } from './size-text.ts'

interface ListOptions {
  readonly json?: boolean
  readonly home?: string
}

interface ImportOptions {
  readonly name: string
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  readonly summary?: string
  readonly licence?: string
  readonly home?: string
}

export function addModels(program: Command, run: RunCommand): void {
  const models = program
    .command('models')
    .summary('list models, or bring one in')
    .description('Shows the models that are here, or makes one from a checkpoint.')
  models
    .command('list')
    .summary('list the models that are here')
    .description('Lists models with their name, precision, size and what they know; models that cannot be used with the reason.')
    .option('--json', 'one line of JSON a model instead of text')
    .addOption(homeOption())
    .action((options: ListOptions) => run(() => list(options)))
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

async function list(options: ListOptions): Promise<ExitCode> {
  for (const { name, directory, manifest, problem } of await listModels(homeOf(options))) {
    const bytes = manifest ? modelBytes(manifest) : 0
    if (options.json) {
      const facts = manifest && {
        family: manifest.family,
        summary: manifest.summary,
        licence: manifest.licence,
        language: manifest.language.precision,
        vision: manifest.vision.precision,
        bytes,
      }
      process.stdout.write(`${JSON.stringify({ name, path: directory, ...facts, ...(problem !== null && { problem }) })}\n`)
    } else {
      const about = manifest
        ? `${manifest.family}, language ${manifest.language.precision}, vision ${manifest.vision.precision}, ${sizeText(bytes)}`
        : 'cannot be used'
      const further = problem ?? manifest?.summary ?? ''
      process.stdout.write(
        `${oneLine(name).padEnd(16)} ${about}${further ? `\n${' '.repeat(17)}${oneLine(further)}` : ''}\n${' '.repeat(17)}${oneLine(directory)}\n`,
      )
    }
  }
  return exitCodes.done
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
