import { type Command, Option } from 'commander'
import { checkpointOrigin } from '../engine/models/checkpoint-origin.ts'
import { isRepositoryName } from '../engine/models/hub/repository.ts'
import { listModels, resolveModel } from '../engine/models/registry.ts'
import type { Progress } from '../shared/engine-events.ts'
import { TarsierError } from '../shared/errors.ts'
import { exitCodes } from './exit-codes.ts'
import { fetchSource } from './fetch-source.ts'
import type { RunCommand } from './interrupt.ts'
import { acceptLicenceOption, acceptsLicence, NOTHING_DOWNLOADED } from './licence-consent.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'

/** The form whose source is an imported model, not a checkpoint. */
const PAIR = 'llama.cpp'

interface ExportOptions {
  readonly as: 'qwen2-vl' | typeof PAIR
  readonly revision?: string
  readonly acceptLicence?: boolean
  readonly home?: string
}

export function addExport(models: Command, run: RunCommand): void {
  models
    .command('export')
    .summary('write a model for other programs: as a Qwen2-VL checkpoint, or for llama.cpp')
    .description(
      'qwen2-vl: converts a Tarsier2 checkpoint to a Qwen2-VL checkpoint in safetensors, which transformers and servers without Tarsier support can load. ' +
        'The weights are identical. An imported model does not contain all weights, so SOURCE must be the checkpoint: its folder, a catalogue name, or ' +
        'owner/name on the hub, which is downloaded first. The name of an imported model works if its checkpoint is still on this disk.\n\n' +
        'llama.cpp: writes the two GGUF files of an imported model that llama.cpp and programs based on it load: the language model as it was imported, ' +
        'and its vision tower as an "mmproj" file. SOURCE is the name of an imported model, or its folder. Their paths are printed, one per line, and on stderr ' +
        'what differs from the model.',
    )
    .argument('<source>', 'a checkpoint folder, a catalogue name, owner/name on the hub, or an imported model')
    .argument('<dir>', 'output folder; it must not exist')
    .addOption(new Option('--as <form>', 'output format').choices(['qwen2-vl', PAIR]).default('qwen2-vl'))
    .option('--revision <revision>', 'branch, tag or commit of a repository on the hub (default: main)')
    .addOption(acceptLicenceOption())
    .addOption(homeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tarsier models export Tarsier2-Recap-7b ./tarsier2-as-qwen2-vl --as qwen2-vl\n  tarsier models export my-model ./my-model-gguf --as llama.cpp',
    )
    .action((source: string, directory: string, options: ExportOptions) =>
      run(async (signal) => {
        const progress = new ProgressLine(process.stderr)
        const onProgress = ({ value, title }: Progress) => progress.detail(`exporting ${source}: ${Math.floor(value * 100)} %, ${title}`)
        try {
          if (options.as === PAIR) {
            await exportForLlama(source, directory, options, { progress, onProgress, signal })
            return exitCodes.done
          }
          // Held until the end of the export, which reads the files.
          await using checkpoint = await checkpointOf(source, options, progress, signal)
          if (checkpoint === null) {
            process.stderr.write(NOTHING_DOWNLOADED)
            return exitCodes.failed
          }
          // Imported on demand, like the importer: no other command needs it.
          const { exportCheckpoint } = await import('../engine/models/export/export-checkpoint.ts')
          progress.begin(`exporting ${source}`)
          await exportCheckpoint(checkpoint.directory, directory, { as: options.as, signal, onProgress })
          progress.clear()
          process.stdout.write(`${directory}\n`)
          return exitCodes.done
        } finally {
          progress.clear()
        }
      }),
    )
}

async function exportForLlama(
  source: string,
  directory: string,
  options: ExportOptions,
  { progress, onProgress, signal }: { progress: ProgressLine; onProgress: (progress: Progress) => void; signal: AbortSignal },
): Promise<void> {
  if (options.revision !== undefined)
    throw new TarsierError('usage', '--revision selects a version of a checkpoint, but --as llama.cpp exports an imported model.')
  const model = await resolveModel(source, homeOf(options))
  const { exportPair } = await import('../engine/models/export/export-pair.ts')
  progress.begin(`exporting ${source}`)
  const { language, mmproj, notices } = await exportPair(model, directory, { signal, onProgress })
  progress.clear()
  for (const notice of notices) process.stderr.write(`tarsier: ${oneLine(source)}: ${oneLine(notice)}\n`)
  process.stdout.write(`${language}\n${mmproj}\n`)
}

/** A checkpoint's folder, which no other process removes before disposal if it was downloaded. */
interface Checkpoint extends AsyncDisposable {
  readonly directory: string
}

/** Returns null if the user does not accept the checkpoint's licence. */
async function checkpointOf(
  source: string,
  options: ExportOptions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<Checkpoint | null> {
  const home = homeOf(options)
  const imported = (await listModels(home)).find(({ name, manifest }) => name === source && manifest !== null)
  if (imported?.manifest) return await stillHere(source, imported.manifest.source, home, signal)
  const origin = await checkpointOrigin(source)
  if (origin.kind === 'local') return { directory: origin.path, async [Symbol.asyncDispose]() {} }
  if (!(await acceptsLicence(origin.repository, options.acceptLicence === true, signal))) return null
  return await fetchSource(origin.repository, progress, {
    home,
    signal,
    ...(options.revision !== undefined && { revision: options.revision }),
  })
}

/** Returns the checkpoint from which a model was imported, if it is available locally, without network access. */
async function stillHere(
  name: string,
  { repository, revision }: { readonly repository: string; readonly revision: string | null },
  home: string,
  signal: AbortSignal,
): Promise<Checkpoint> {
  const gone = (cause?: unknown) =>
    new TarsierError(
      'model-missing',
      `${name} was imported from ${repository}, but that checkpoint is no longer on this disk. Give its folder${isRepositoryName(repository) ? `, or "${repository}" to download it` : ''}.`,
      { cause, details: { name, repository } },
    )
  if (!isRepositoryName(repository)) throw gone()
  try {
    const env = { ...process.env, HF_HUB_OFFLINE: '1' }
    const { fetchCheckpoint } = await import('../engine/models/hub/fetch-checkpoint.ts')
    return await fetchCheckpoint(repository, { home, signal, env, ...(revision !== null && { revision }) })
  } catch (error) {
    if (error instanceof TarsierError && error.code === 'hub-offline') throw gone(error)
    throw error
  }
}
