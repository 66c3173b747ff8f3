import { existsSync, readdirSync } from 'node:fs'

/** Whether an NVIDIA GPU can be used, by what Linux shows of it; `/dev/dxg` is the GPU inside WSL. */
export function hasNvidia(): boolean {
  return existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')
}

/** Whether Linux's graphics drivers know a GPU. */
export function hasRenderNode(): boolean {
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((entry) => entry.startsWith('renderD'))
}

/** Whether there may be a GPU to compute on. Linux alone shows, without a library that asks the drivers, that there is none. */
export function mayHaveGpu(): boolean {
  return process.platform !== 'linux' || hasNvidia() || hasRenderNode()
}
