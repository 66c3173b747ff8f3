import { type GpuPackStatus, missingBytes } from '../shared/gpu-pack.ts'
import { sizeText } from '../shared/size-text.ts'

const states = { installed: 'installed', included: 'included in this installation', missing: 'not installed' } as const
const uses = {
  language: "llama.cpp's CUDA build, for the language model",
  vision: "ONNX Runtime's CUDA provider, for the vision tower",
} as const

/** The state of the pack in one line, for `doctor`. */
export function packText({ parts, problem }: GpuPackStatus): string {
  const list = parts.map(({ use, state }) => `${use}: ${states[state]}`).join(', ')
  return [list, problem].filter(Boolean).join('. ')
}

/** The state of the pack with its parts, and the command that installs what is missing, for `gpu status`. */
export function statusText(pack: GpuPackStatus): string {
  const { download } = missingBytes(pack)
  return [
    `NVIDIA GPU: ${pack.card ? 'found' : 'not found'}`,
    ...pack.parts.flatMap(({ use, name, version, bytes, unpacked, integrity, state }) => [
      `${uses[use]}: ${states[state]}`,
      `  ${name} ${version}, download ${sizeText(bytes)}, on the disk ${sizeText(unpacked)}`,
      `  ${integrity}`,
    ]),
    ...(pack.parts.some(({ state }) => state === 'installed') ? [`Folder: ${pack.folder}`] : []),
    pack.problem === null ? 'The GPU pack can be used on this machine.' : cannotUse(pack.problem, pack),
    ...(pack.problem === null && download > 0 ? [`"tarsier gpu install" ${downloads(pack)}.`] : []),
  ].join('\n')
}

/** Says why the pack cannot be used, and how what is missing of it can be installed all the same. */
export function cannotUse(problem: string, pack: GpuPackStatus): string {
  const anyway = missingBytes(pack).download === 0 ? '' : ` To install it all the same: "tarsier gpu install --anyway" ${downloads(pack)}.`
  return `The GPU pack cannot be used: ${problem}${anyway}`
}

function downloads(pack: GpuPackStatus): string {
  const { download, disk } = missingBytes(pack)
  return `downloads ${sizeText(download)}, which take ${sizeText(disk)} on the disk`
}
