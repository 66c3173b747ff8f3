import { expect, test } from 'vitest'
import { type DeviceState, openOnDevice, statesFor, visionDeviceStates } from '../../../src/engine/vision/devices.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

const states: DeviceState[] = [
  { device: 'cuda', carried: true, missing: null },
  { device: 'dml', carried: true, missing: 'DirectML is not used: there is none.' },
  { device: 'coreml', carried: false, missing: 'CoreML is not used: ONNX Runtime does not carry it for this machine.' },
  { device: 'webgpu', carried: true, missing: null },
  { device: 'cpu', carried: true, missing: null },
]
const never = new AbortController().signal
const failing =
  (...devices: string[]) =>
  async (device: string) => {
    if (devices.includes(device)) throw new Error(`/src/file.cc:136 Start() ok == true was false. no ${device}\nhere`)
    return device
  }

test('uses the first working device and reports skipped ones, except those that the platform never has', async () => {
  expect(await openOnDevice('auto', never, failing('cuda'), states)).toEqual({
    opened: 'webgpu',
    device: 'webgpu',
    fallbacks: ['CUDA was tried for vision and failed: no cuda here.', 'DirectML is not used: there is none.'],
  })
})

test('tries no other device when the CPU is chosen by name', async () => {
  expect(await openOnDevice('cpu', never, failing('cuda'), states)).toEqual({ opened: 'cpu', device: 'cpu', fallbacks: [] })
})

test('a failing device chosen by name is an error that names the others', async () => {
  const error = await openOnDevice('webgpu', never, failing('webgpu'), states).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'device-unavailable', details: { device: 'webgpu', available: ['cuda', 'cpu'] } })
  expect(error).toHaveProperty(
    'message',
    'WebGPU cannot be used for vision: no webgpu here. Choose "auto" as the device, or one of: cuda, cpu.',
  )
})

test('a damaged model and an abort do not lead to the next device', async () => {
  const damaged = async () => {
    throw new TarsierError('model-damaged', 'It is damaged.')
  }
  await expect(openOnDevice('auto', never, damaged, states)).rejects.toMatchObject({ code: 'model-damaged' })
  await expect(openOnDevice('auto', AbortSignal.abort(), failing(), states)).rejects.toMatchObject({ name: 'AbortError' })
})

test('every device of this machine has a known state, the CPU always', () => {
  const here = visionDeviceStates()
  expect(here.map((state) => state.device)).toEqual(['cuda', 'dml', 'coreml', 'webgpu', 'cpu'])
  expect(here.at(-1)).toEqual({ device: 'cpu', carried: true, missing: null })
})

test('a tower in int8 uses the CPU unless a device is chosen by name; other precisions use any device', async () => {
  const opened = await openOnDevice('auto', never, failing(), statesFor('int8', states))
  expect(opened).toMatchObject({
    device: 'cpu',
    fallbacks: [expect.stringContaining('int8'), expect.anything(), expect.stringContaining('int8')],
  })
  expect(await openOnDevice('cuda', never, failing(), statesFor('int8', states))).toMatchObject({ device: 'cuda' })
  for (const precision of ['f32', 'f16', 'int4'] as const) expect(statesFor(precision, states)).toEqual(states)
})
