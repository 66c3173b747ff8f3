import type { Command } from 'commander'
import { modelBytes, readManifest, verifyModel } from '../engine/models/manifest.ts'
import { listModels, resolveModel } from '../engine/models/registry.ts'
import { isAbort } from '../shared/errors.ts'
import { sizeText } from '../shared/size-text.ts'
import { printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'

interface VerifyOptions {
  readonly home?: string
}

export function addVerify(models: Command, run: RunCommand): void {
  models
    .command('verify')
    .summary('check that the files of models are unchanged')
    .description(
      'Reads all files of a model and compares their SHA-256 checksums with the manifest. The exit status is 1 if a file is damaged.',
    )
    .argument('[name...]', 'names of models in "tarsier models list", or paths of model folders (default: all)')
    .addOption(homeOption())
    .action((names: string[], options: VerifyOptions) => run((signal) => verify(names, options, signal)))
}

async function verify(names: readonly string[], options: VerifyOptions, signal: AbortSignal): Promise<ExitCode> {
  const home = homeOf(options)
  const wanted = names.length > 0 ? names : (await listModels(home)).map(({ name }) => name)
  const progress = new ProgressLine(process.stderr)
  let damaged = false
  for (const name of wanted) {
    progress.begin(`verifying ${name}`)
    try {
      const directory = await resolveModel(name, home)
      const total = modelBytes(await readManifest(directory))
      let done = 0
      await verifyModel(directory, signal, (bytes) => {
        done += bytes
        progress.detail(`verifying ${name}: ${Math.floor((100 * done) / total)} % of ${sizeText(total)}`)
      })
      progress.clear()
      process.stdout.write(`${oneLine(name)}: unchanged, ${sizeText(total)}\n`)
    } catch (error) {
      progress.clear()
      if (isAbort(error)) throw error
      printError(error, name)
      damaged = true
    }
  }
  return damaged ? exitCodes.failed : exitCodes.done
}
