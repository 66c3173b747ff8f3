import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Whether Linux has an NVIDIA device node (`/dev/dxg` is the GPU inside WSL), or Windows has NVIDIA's driver. */
export function hasNvidia(): boolean {
  if (process.platform === 'win32') return existsSync(join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll'))
  return existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')
}

/** Whether Linux's graphics drivers have found a GPU. */
export function hasRenderNode(): boolean {
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((entry) => entry.startsWith('renderD'))
}

/** Whether the environment names Vulkan drivers, which may be drivers that run on the CPU. */
function namesDrivers(): boolean {
  return Boolean(process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES)
}

/** Whether a GPU may be available. Only on Linux can its absence be detected without a driver library; elsewhere always true. */
export function mayHaveGpu(): boolean {
  return process.platform !== 'linux' || hasNvidia() || hasRenderNode() || namesDrivers()
}
