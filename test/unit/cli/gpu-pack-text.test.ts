import { expect, it } from 'vitest'
import { statusText } from '../../../src/cli/gpu-pack-text.ts'
import type { GpuPackPart, GpuPackStatus } from '../../../src/shared/gpu-pack.ts'

const part = (state: GpuPackPart['state']): GpuPackPart => ({
  use: 'language',
  name: 'cuda-build',
  version: '1.0.0',
  bytes: 2e6,
  unpacked: 3e6,
  integrity: 'sha512-x',
  state,
})
const status = (state: GpuPackPart['state'], problem: string | null): GpuPackStatus => ({
  card: true,
  parts: [part(state)],
  folder: '/home/gpu',
  problem,
})
const end = (pack: GpuPackStatus) => statusText(pack).split('\n').slice(4)

it('names the command that installs the pack, which is another one where the pack cannot be used', () => {
  expect(end(status('missing', null))).toEqual([
    'The GPU pack can be used on this machine.',
    '"tarsier gpu install" downloads 2.0 MB, which take 3.0 MB on the disk.',
  ])
  expect(end(status('missing', 'No CUDA.'))).toEqual([
    'The GPU pack cannot be used: No CUDA. To install it all the same: "tarsier gpu install --anyway" downloads 2.0 MB, which take 3.0 MB on the disk.',
  ])
})

it('names no command when nothing is missing, or there is no pack for the system', () => {
  expect(end(status('included', 'No CUDA.'))).toEqual(['The GPU pack cannot be used: No CUDA.'])
  expect(end(status('installed', null))).toEqual(['Folder: /home/gpu', 'The GPU pack can be used on this machine.'])
  expect(statusText({ ...status('missing', 'There is no GPU pack.'), card: false, parts: [] })).toBe(
    'NVIDIA GPU: not found\nThe GPU pack cannot be used: There is no GPU pack.',
  )
})
