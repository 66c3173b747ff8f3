import { fileURLToPath } from 'node:url'
import { findSoftwareGpus } from '../../scripts/find-software-gpus.mjs'

/** Manifests of the drivers that are on this machine; undefined for one that is not. */
export const softwareGpus = findSoftwareGpus()

/** How llama.cpp names Mesa's lavapipe. */
export const LAVAPIPE_NAME = 'llvmpipe'

/** The Vulkan loader lists SwiftShader before lavapipe, in whichever order they are named. */
export const LAVAPIPE_OF_BOTH = { GGML_VK_VISIBLE_DEVICES: '1' }

/**
 * Environment of a process that finds only the given drivers: with `lavapipe` the device `vulkan` computes, with `swiftshader` the device `webgpu`.
 * llama.cpp crashes on SwiftShader, so with both it must be told to leave that alone: {@link LAVAPIPE_OF_BOTH}.
 */
export function softwareGpuEnv(...names: readonly (keyof typeof softwareGpus)[]): Record<string, string> {
  const drivers = names.flatMap((name) => softwareGpus[name] ?? [])
  return {
    VK_DRIVER_FILES: drivers.join(':'),
    // The variable's name before Vulkan's loader 1.3.207.
    VK_ICD_FILENAMES: drivers.join(':'),
    // llama.cpp leaves processors that act as GPUs out unless it is told which devices to use.
    ...(names.includes('lavapipe') && { GGML_VK_VISIBLE_DEVICES: drivers.map((_, i) => i).join(',') }),
    // Compiling llama.cpp's shaders takes minutes, and seconds once they are in Mesa's cache.
    MESA_SHADER_CACHE_DIR: fileURLToPath(new URL('../../node_modules/.cache/mesa-shaders', import.meta.url)),
  }
}
