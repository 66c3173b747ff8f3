import { describe, expect, it } from 'vitest'
import { type Advisable, adviceFor, usable } from '../../../src/service/doctor-advice.ts'

const GB = 1e9
const ok = (name: string) => ({ name, works: true, detail: '' })
const not = (name: string) => ({ name, works: false, detail: 'no driver' })

const noPack = { card: false, parts: [], folder: '/home/gpu', problem: null }

function machine(changes: Partial<Advisable> = {}): Advisable {
  return {
    platform: 'linux x64 6.1',
    memory: { total: 64 * GB, free: 32 * GB },
    data: { diskFree: 500 * GB },
    models: [
      { name: 'demo', problem: null },
      { name: 'tarsier2', problem: null },
    ],
    engines: {
      media: ok('node-av'),
      images: ok('sharp'),
      vision: { version: '1', devices: [ok('cuda'), ok('cpu')] },
      language: { version: '1', llamaCpp: '1', devices: [ok('cuda'), ok('cpu')] },
    },
    deviceTests: [],
    gpuPack: noPack,
    ...changes,
  }
}

describe('what doctor advises', () => {
  it('is empty when nothing is missing', () => {
    expect(adviceFor(machine())).toEqual([])
  })

  it('is to update the driver of a device that crashed, once for each device', () => {
    const crashed = { part: 'language', device: 'vulkan', crashed: true } as const
    const advice = adviceFor(machine({ deviceTests: [crashed, crashed, { part: 'vision', device: 'webgpu' }] }))
    expect(advice).toEqual([
      { text: expect.stringContaining(': "vulkan" for the language model. Update the graphics driver'), remedy: 'retry-devices' },
    ])
  })

  it('names a scarce disk, scarce memory, a lone demo model and a damaged model', () => {
    const advice = adviceFor(
      machine({
        memory: { total: 8 * GB, free: GB },
        data: { diskFree: GB },
        models: [
          { name: 'demo', problem: null },
          { name: 'bad', problem: 'Its file is short.' },
        ],
      }),
    )
    expect(advice).toHaveLength(4)
    expect(advice.map(({ text }) => text).join('\n')).toMatch(/bad cannot be used: Its file is short\..*demo model.*memory.*disk/s)
  })

  it('offers the GPU pack where it is missing for an NVIDIA GPU, with what else is missing', () => {
    const part = { use: 'vision', name: 'onnx', version: '1', bytes: 2e6, unpacked: 3e6, integrity: '', state: 'missing' } as const
    const gpuPack = { ...noPack, card: true, parts: [part] }
    const engines = { ...machine().engines, vision: { version: '1', devices: [not('cuda'), ok('cpu')] } }
    const offer = 'The NVIDIA GPU of this machine is faster with the GPU pack, a download of 2.0 MB.'
    expect(adviceFor(machine({ engines, gpuPack }))).toEqual([{ text: offer, remedy: 'install-gpu-pack' }])
    expect(adviceFor(machine({ engines, gpuPack: { ...gpuPack, problem: 'No CUDA.' } }))).toEqual([
      { text: `${offer} No CUDA. Then install the pack.`, remedy: null },
    ])
    expect(adviceFor(machine({ gpuPack: { ...gpuPack, card: false } }))).toEqual([])
  })

  it('tells what keeps an NVIDIA GPU from vision when language uses it and the pack is installed', () => {
    const engines = { ...machine().engines, vision: { version: '1', devices: [not('cuda'), ok('cpu')] } }
    const text = 'The GPU is used for language, but not for vision. Update the GPU driver.'
    expect(adviceFor(machine({ engines }))).toEqual([{ text, remedy: null }])
  })

  it('reports when no description is possible', () => {
    expect(usable(machine().engines)).toBe(true)
    expect(usable({ error: { code: 'engine-crashed', message: 'It crashed.' } })).toBe(false)
    expect(usable({ ...machine().engines, media: not('node-av') } as Advisable['engines'])).toBe(false)
    expect(adviceFor(machine({ engines: { error: { code: 'engine-crashed', message: 'It crashed.' } } }))[0]).toEqual({
      text: 'It crashed. Install Tarsier again.',
      remedy: 'install-again',
    })
  })
})
