import { basename, dirname, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { readTemplateFile } from '../engine/checkpoint/chat-template.ts'
import { importRoom } from '../engine/estimate/import-room.ts'
import { checkpointOrigin } from '../engine/models/checkpoint-origin.ts'
import { openLoraAdapter } from '../engine/models/import/lora-adapter.ts'
import { freeModelFolder } from '../engine/models/manage.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { fastestPrecision } from '../engine/vision/fastest-precision.ts'
import { TarsierError } from '../shared/errors.ts'
import { type LanguagePrecision, languagePrecisions, type VisionPrecision, visionPrecisions } from '../shared/model-manifest.ts'
import { exitCodes } from './exit-codes.ts'
import { fetchSource } from './fetch-source.ts'
import type { RunCommand } from './interrupt.ts'
import { acceptLicenceOption, acceptsLicence, NOTHING_DOWNLOADED } from './licence-consent.ts'
import { homeOption } from './options.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'
import { workText } from './transfer-text.ts'
import { visionAdvice } from './vision-advice.ts'

export interface ImportOptions {
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
  readonly acceptLicence?: boolean
  readonly home?: string
}

export function addImport(models: Command, run: RunCommand): void {
  models
    .command('import')
    .summary('import a checkpoint as a model')
    .description(
      'SOURCE is a checkpoint folder, a catalogue name ("tarsier models catalogue"), or a repository on the Hugging Face hub (owner/name), which is downloaded first. ' +
        'Supported are checkpoints of the architectures in the catalogue, and LLaVA, in the Hugging Face format, with config.json, safetensors (single file or shards), ' +
        'tokenizer and preprocessor settings; and a GGUF file with its mmproj file, which --language and --vision select if a repository contains several. Writes a language file, a vision file and a manifest into the models folder. ' +
        'If an import is stopped or fails, only the downloaded files are kept. Run the same command to resume; the download is deleted when the import is complete.',
    )
    .argument('<source>', 'a folder, a catalogue name, or owner/name on the hub')
    .requiredOption('--name <name>', 'name of the model on this machine (required)')
    .addOption(
      new Option('--language <precision>', 'precision of the language model; q8_0 needs half the space of f16 and a quarter of f32')
        .choices(languagePrecisions)
        .default('q8_0'),
    )
    .addOption(new Option('--vision <precision>', 'precision of the vision tower').choices(visionPrecisions).default('f16'))
    .option(
      '--mmproj <file>',
      'GGUF file of the vision tower, if SOURCE is the GGUF file of a language model, which is then used unchanged (default: none)',
    )
    .option(
      '--adapter <dir>',
      'folder of a LoRA adapter in PEFT format, which is merged into the weights of the checkpoint (default: none)',
    )
    .option('--template <file>', 'chat template (Jinja) to use instead of the template of SOURCE (default: the template of SOURCE)')
    .option('--revision <revision>', 'branch, tag or commit of a repository on the hub (default: main)')
    .option('--keep-download', 'keep the downloaded files in the downloads folder for another import (default: delete them)')
    .addOption(acceptLicenceOption())
    .option('--summary <text>', 'sentence that describes the model (default: none)')
    .option('--licence <name>', 'licence of the model (default: unknown)')
    .addOption(homeOption())
    .addHelpText(
      'after',
      '\nThe environment variables HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HTTPS_PROXY and NO_PROXY are used. Files in the\nHugging Face cache are not downloaded again.\n' +
        '\nExamples:\n  tarsier models import Tarsier2-Recap-7b --name tarsier2 --language q4_k_m\n  tarsier models import ./my-checkpoint --name mine',
    )
    .action((source: string, options: ImportOptions) =>
      run(async (signal) => {
        const path = await bringIn(source, options, signal)
        if (path === null) {
          process.stderr.write(NOTHING_DOWNLOADED)
          return exitCodes.failed
        }
        process.stderr.write(`${visionAdvice(await fastestPrecision(), (await readManifest(path)).vision)}\n`)
        process.stdout.write(`${path}\n`)
        return exitCodes.done
      }),
    )
}

/**
 * Imports a checkpoint folder, or downloads one first, and returns the model's folder; null if the user does not accept the licence of a checkpoint of the
 * catalogue. Throws as the hub and the import do.
 * @param options `folder`: name of the folder, if it must not be that of the model
 */
export async function bringIn(
  source: string,
  options: ImportOptions & { readonly folder?: string },
  signal: AbortSignal,
): Promise<string | null> {
  const home = homeOf(options)
  // Checked before downloading gigabytes.
  const destination = await freeModelFolder(options.folder ?? options.name, home)
  const origin = await checkpointOrigin(source)
  if (origin.kind === 'local' && options.revision !== undefined) {
    throw new TarsierError('usage', `--revision applies only to repositories on the hub, but ${source} is a local path. Remove --revision.`)
  }
  if (options.mmproj !== undefined && origin.kind !== 'local') {
    throw new TarsierError(
      'usage',
      `--mmproj requires a local GGUF file, but ${source} is not a local file. Give the path of a GGUF file, or remove --mmproj.`,
    )
  }
  const companions = await readCompanions(options)
  if (origin.kind === 'hub' && !(await acceptsLicence(origin.repository, options.acceptLicence === true, signal))) return null
  const progress = new ProgressLine(process.stderr)
  try {
    if (origin.kind === 'local') return await importFolder(origin.path, source, { ...options, destination }, companions, progress, signal)
    // Held until the end of the import, which reads the files.
    await using fetched = await fetchSource(origin.repository, progress, {
      home,
      signal,
      afterWait: () => freeModelFolder(basename(destination), home),
      gguf: { language: options.language, vision: options.vision },
      model: await importRoom(origin.repository, options, dirname(destination)),
      ...(options.revision !== undefined && { revision: options.revision }),
    })
    const folder = await importFolder(fetched.directory, source, { ...options, destination }, companions, progress, signal)
    if (options.keepDownload !== true) await fetched.remove()
    return folder
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
  options: ImportOptions & { readonly destination: string },
  companions: Companions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<string> {
  progress.begin(`importing ${source}`)
  const { name, destination, language, vision, mmproj, summary, licence } = options
  // Imported on demand: it loads the ONNX writer, which no other command needs.
  const { importCheckpoint } = await import('../engine/models/import/import-checkpoint.ts')
  const path = await importCheckpoint(directory, {
    name,
    destination,
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
  return path
}
