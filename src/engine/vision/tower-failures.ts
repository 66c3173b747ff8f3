import { isAbort, TarsierError } from '../../shared/errors.ts'
import type { GuardedDevice } from '../devices/device-guard.ts'
import { damaged } from './tower-files.ts'
import type { VisionDevice } from './types.ts'

/** Maps an error from opening a tower on the CPU, where the cause can only be the files or insufficient memory. */
export function cpuFailure(error: unknown): unknown {
  if (error instanceof TarsierError || isAbort(error)) return error
  return outOfMemory(error) ?? damaged('ONNX Runtime cannot load or run it', error)
}

/** Maps an error from a run of a tower that passed its trial run. */
export function runFailure(error: unknown, device: VisionDevice, gpu: GuardedDevice | null): unknown {
  if (error instanceof TarsierError || isAbort(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  const memory = outOfMemory(error)
  if (memory) return gpu ? gpu.outOfMemory(memory) : memory
  if (gpu) return gpu.failed(message, error)
  return new TarsierError('native-library', `ONNX Runtime failed on ${device}: ${message.slice(0, 300)}. Choose the CPU as the device.`, {
    cause: error,
  })
}

function outOfMemory(error: unknown): TarsierError | null {
  if (!(error instanceof Error) || !/alloc|out of memory|insufficient memory/i.test(error.message)) return null
  return new TarsierError(
    'out-of-memory',
    'There is not enough memory for the vision tower. Close other programs, or use fewer pixels per frame.',
    { cause: error },
  )
}
