import { type Command, Option } from 'commander'
import { checkpointOrigin } from '../engine/models/checkpoint-origin.ts'
import { isRepositoryName } from '../engine/models/hub/repository.ts'
import { listModels } from '../engine/models/registry.ts'
import { TarsierError } from '../shared/errors.ts'
import { exitCodes } from './exit-codes.ts'
import { fetchSource } from './fetch-source.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'

interface ExportOptions {
  readonly as: 'qwen2-vl'
  readonly revision?: string
  readonly home?: string
}

export function addExport(models: Command, run: RunCommand): void {
  models
    .command('export')
    .summary('convert a Tarsier2 checkpoint to a Qwen2-VL checkpoint')
    .description(
      'Converts a Tarsier2 checkpoint to a Qwen2-VL checkpoint in safetensors, which transformers and servers without Tarsier support can load. ' +
        'The weights are identical. An imported model does not contain all weights, so SOURCE must be the checkpoint: its folder, a catalogue name, or ' +
        'owner/name on the hub, which is downloaded first. The name of an imported model works if its checkpoint is still on this disk.',
    )
    .argument('<source>', 'a checkpoint folder, a catalogue name, owner/name on the hub, or an imported model')
    .argument('<dir>', 'output folder; it must not exist')
    .addOption(new Option('--as <form>', 'output format').choices(['qwen2-vl']).default('qwen2-vl'))
    .option('--revision <revision>', 'branch, tag or commit of a repository on the hub (default: main)')
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  tarsier models export Tarsier2-Recap-7b ./tarsier2-as-qwen2-vl --as qwen2-vl')
    .action((source: string, directory: string, options: ExportOptions) =>
      run(async (signal) => {
        const progress = new ProgressLine(process.stderr)
        try {
          const checkpoint = await checkpointOf(source, options, progress, signal)
          // Imported on demand, like the importer: no other command needs it.
          const { exportCheckpoint } = await import('../engine/models/export/export-checkpoint.ts')
          progress.begin(`exporting ${source}`)
          await exportCheckpoint(checkpoint, directory, {
            as: options.as,
            signal,
            onProgress: ({ value, title }) => progress.detail(`exporting ${source}: ${Math.floor(value * 100)} %, ${title}`),
          })
          progress.clear()
          process.stdout.write(`${directory}\n`)
          return exitCodes.done
        } finally {
          progress.clear()
        }
      }),
    )
}

async function checkpointOf(source: string, options: ExportOptions, progress: ProgressLine, signal: AbortSignal): Promise<string> {
  const home = homeOf(options)
  const imported = (await listModels(home)).find(({ name, manifest }) => name === source && manifest !== null)
  if (imported?.manifest) return await stillHere(source, imported.manifest.source, home, signal)
  const origin = await checkpointOrigin(source)
  if (origin.kind === 'local') return origin.path
  const { directory } = await fetchSource(origin.repository, progress, {
    home,
    signal,
    ...(options.revision !== undefined && { revision: options.revision }),
  })
  return directory
}

/** Returns the checkpoint from which a model was imported, if it is available locally, without network access. */
async function stillHere(
  name: string,
  { repository, revision }: { readonly repository: string; readonly revision: string | null },
  home: string,
  signal: AbortSignal,
): Promise<string> {
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
    return (await fetchCheckpoint(repository, { home, signal, env, ...(revision !== null && { revision }) })).directory
  } catch (error) {
    if (error instanceof TarsierError && error.code === 'hub-offline') throw gone(error)
    throw error
  }
}
