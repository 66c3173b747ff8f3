import type { Command } from 'commander'
import { gpuPackStatus } from '../engine/gpu-pack/pack-status.ts'
import { TarsierError } from '../shared/errors.ts'
import { missingBytes } from '../shared/gpu-pack.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { cannotUse, statusText } from './gpu-pack-text.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'
import { transferText } from './transfer-text.ts'

interface GpuOptions {
  readonly json?: boolean
  readonly anyway?: boolean
  readonly home?: string
}

export function addGpu(program: Command, run: RunCommand): void {
  const gpu = program
    .command('gpu')
    .summary('manage the GPU pack for NVIDIA GPUs')
    .description(
      'The GPU pack contains the CUDA parts of llama.cpp and ONNX Runtime, for NVIDIA GPUs on Linux x64 and Windows x64 (there for language only). ' +
        'It needs the runtime libraries of CUDA 13. Other GPUs need no pack.',
    )
  gpu
    .command('status')
    .summary('show whether the GPU pack is installed and can be used')
    .description(
      'Shows the parts of the GPU pack with their sizes and checksums, and why it cannot be used on this machine. Makes no connection.',
    )
    .option('--json', 'print one JSON object instead of text; sizes in bytes')
    .addOption(homeOption())
    .addHelpText('after', '\nExit status: 0 the pack is installed and nothing speaks against its use; 1 otherwise.')
    .action((options: GpuOptions) => run(() => status(options)))
  gpu
    .command('install')
    .summary('download and install the GPU pack')
    .description(
      'Downloads the missing parts of the GPU pack from the npm and PyPI registries, compares them with the checksums of this version, and unpacks them into the ' +
        'data folder. If it is stopped, the same command resumes the download.',
    )
    .option('--anyway', 'install it even if it cannot be used on this machine, for example in an image for other machines')
    .addOption(homeOption())
    .addHelpText(
      'after',
      '\nThe environment variables HTTPS_PROXY and NO_PROXY are used, and TARSIER_GPU_PACK_URL for the URL of a mirror.',
    )
    .action((options: GpuOptions) => run((signal) => install(options, signal)))
  gpu
    .command('remove')
    .summary('delete the GPU pack')
    .description('Deletes the GPU pack and its partial downloads. What this installation includes itself stays.')
    .addOption(homeOption())
    .action((options: GpuOptions) => run(() => removePack(options)))
}

async function status(options: GpuOptions): Promise<ExitCode> {
  const pack = await gpuPackStatus(homeOf(options))
  process.stdout.write(options.json ? `${JSON.stringify(pack)}\n` : `${printable(statusText(pack))}\n`)
  return pack.problem === null && missingBytes(pack).download === 0 ? exitCodes.done : exitCodes.failed
}

async function install(options: GpuOptions, signal: AbortSignal): Promise<ExitCode> {
  const home = homeOf(options)
  const pack = await gpuPackStatus(home)
  if (pack.problem !== null && (options.anyway !== true || pack.parts.length === 0)) {
    throw new TarsierError('device-unavailable', cannotUse(pack.problem, pack))
  }
  if (missingBytes(pack).download === 0) {
    process.stderr.write('The GPU pack is already installed.\n')
    return exitCodes.done
  }
  const progress = new ProgressLine(process.stderr)
  progress.begin('installing the GPU pack')
  try {
    // Imported on demand: no other command of this group needs an HTTP client.
    const { installGpuPack } = await import('../engine/gpu-pack/install-pack.ts')
    await installGpuPack({ home, signal, onProgress: (state) => progress.detail(`GPU pack: ${transferText(state)}`) })
  } finally {
    progress.clear()
  }
  process.stderr.write(`Installed the GPU pack in ${pack.folder}. "tarsier doctor" tests it.\n`)
  return exitCodes.done
}

async function removePack(options: GpuOptions): Promise<ExitCode> {
  const { removeGpuPack } = await import('../engine/gpu-pack/install-pack.ts')
  await removeGpuPack(homeOf(options))
  process.stderr.write('Removed the GPU pack.\n')
  return exitCodes.done
}
