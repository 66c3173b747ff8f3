import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { readTemplateFile } from '../engine/checkpoint/chat-template.ts'
import { checkpointOrigin } from '../engine/models/checkpoint-origin.ts'
import { openLoraAdapter } from '../engine/models/import/lora-adapter.ts'
import { freeModelFolder } from '../engine/models/manage.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { TarsierError } from '../shared/errors.ts'
import { type LanguagePrecision, languagePrecisions, type VisionPrecision, visionPrecisions } from '../shared/model-manifest.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { fetchSource } from './fetch-source.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'
import { workText } from './transfer-text.ts'

interface ImportOptions {
  readonly name: string
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  readonly summary?: string
  readonly licence?: string
  readonly mmproj?: string
  readonly template?: string
  readonly adapter?: string
  readonly revision?: string
  readonly keepDownload?: boolean
  readonly home?: string
}

export function addImport(models: Command, run: RunCommand): void {
  models
    .command('import')
    .summary('make a model from a checkpoint')
    .description(
      'SOURCE is a checkpoint folder, a name of the catalogue ("tarsier models catalogue"), or a repository on the Hugging Face hub (owner/name), which is downloaded first. ' +
        'Reads a Qwen2-VL checkpoint (Tarsier2 among them) in a folder as Hugging Face writes it: config.json, safetensors in one file or shards, ' +
        'tokenizer and preprocessor settings; or a GGUF and its mmproj, which --language and --vision choose where a repository has several. Writes a language file, a vision file and a manifest into the models folder. ' +
        'An import that is stopped or fails leaves nothing behind but what was downloaded: the same command goes on with that, and removes it when the model is there.',
    )
    .argument('<source>', 'a folder, a name of the catalogue, or owner/name on the hub')
    .requiredOption('--name <name>', 'what the model shall be called here (needed)')
    .addOption(
      new Option('--language <precision>', 'precision of the language model; q8_0 takes half of f16 and a quarter of f32')
        .choices(languagePrecisions)
        .default('q8_0'),
    )
    .addOption(new Option('--vision <precision>', 'precision of the vision tower').choices(visionPrecisions).default('f16'))
    .option('--mmproj <file>', "the vision tower's GGUF, where SOURCE is a language model's GGUF; that is taken as it is (default: none)")
    .option('--adapter <dir>', "a LoRA adapter's folder, as PEFT writes it, to be merged into the checkpoint's weights (default: none)")
    .option('--template <file>', 'a chat template (Jinja) instead of the one that comes with SOURCE (default: that one)')
    .option('--revision <revision>', 'branch, tag or commit of a repository on the hub (default: main)')
    .option('--keep-download', "keep what was downloaded, in the home's downloads folder, for another import (default: it is removed)")
    .option('--summary <text>', 'a sentence shown wherever the model is named (default: none)')
    .option('--licence <name>', "the model's licence (default: unknown)")
    .addOption(homeOption())
    .addHelpText(
      'after',
      '\nThe hub is asked as HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HTTPS_PROXY and NO_PROXY say; files in the Hugging Face cache are used, not fetched again.\n' +
        '\nExamples:\n  tarsier models import Tarsier2-Recap-7b --name tarsier2 --language q4_k_m\n  tarsier models import ./my-checkpoint --name mine',
    )
    .action((source: string, options: ImportOptions) => run((signal) => bringIn(source, options, signal)))
}

async function bringIn(source: string, options: ImportOptions, signal: AbortSignal): Promise<ExitCode> {
  const home = homeOf(options)
  // Checked before downloading gigabytes.
  freeModelFolder(options.name, home)
  const origin = await checkpointOrigin(source)
  if (origin.kind === 'local' && options.revision !== undefined) {
    throw new TarsierError('usage', `--revision means a state of a repository on the hub, but ${source} is here. Leave it out.`)
  }
  if (options.mmproj !== undefined && origin.kind !== 'local') {
    throw new TarsierError('usage', `--mmproj goes with a GGUF that is here, and ${source} is not. Give the file's path, or leave it out.`)
  }
  const companions = await readCompanions(options)
  const progress = new ProgressLine(process.stderr)
  try {
    if (origin.kind === 'local') await importFolder(origin.path, source, options, companions, progress, signal)
    else {
      const fetched = await fetchSource(origin.repository, progress, {
        home,
        signal,
        gguf: { language: options.language, vision: options.vision },
        ...(options.revision !== undefined && { revision: options.revision }),
      })
      await importFolder(fetched.directory, source, options, companions, progress, signal)
      if (options.keepDownload !== true) {
        const { removeDownload } = await import('../engine/models/hub/fetch-checkpoint.ts')
        await removeDownload(fetched, home)
      }
    }
    return exitCodes.done
  } finally {
    progress.clear()
  }
}

interface Companions {
  readonly template?: string
  readonly adapter?: string
}

/** Reads the files that accompany the source, before downloading gigabytes. */
async function readCompanions({ template, adapter }: ImportOptions): Promise<Companions> {
  if (adapter !== undefined) {
    const opened = await openLoraAdapter(resolve(adapter))
    await opened[Symbol.asyncDispose]()
  }
  return {
    ...(template !== undefined && { template: await readTemplateFile(resolve(template)) }),
    ...(adapter !== undefined && { adapter: resolve(adapter) }),
  }
}

async function importFolder(
  directory: string,
  source: string,
  options: ImportOptions,
  companions: Companions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<void> {
  progress.begin(`importing ${source}`)
  const { name, language, vision, mmproj, summary, licence } = options
  // Imported on demand: it loads the ONNX writer, which no other command needs.
  const { importCheckpoint } = await import('../engine/models/import/import-checkpoint.ts')
  const path = await importCheckpoint(directory, {
    name,
    language,
    vision,
    home: homeOf(options),
    signal,
    onProgress: (state) => progress.detail(`importing ${source}: ${workText(state)}`),
    ...(mmproj !== undefined && { mmproj }),
    ...companions,
    ...(summary !== undefined && { summary }),
    ...(licence !== undefined && { licence }),
  })
  progress.clear()
  const { precision, error } = (await readManifest(path)).vision
  if (error !== undefined) {
    const [mean, worst] = [error.cosine.toFixed(5), error.worst.toFixed(5)]
    process.stderr.write(
      `vision tower in ${precision}: cosine to f32 ${mean}, in the worst of ${error.rows} rows ${worst} (${error.clips} example clips)\n`,
    )
  }
  process.stdout.write(`${path}\n`)
}
