import { fileURLToPath } from 'node:url'
import { findSoftwareGpus } from '../../scripts/find-software-gpus.mjs'

/** Manifests of the installed drivers; undefined for a missing one. */
export const softwareGpus = findSoftwareGpus()

/** llama.cpp's name of Mesa's lavapipe. */
export const LAVAPIPE_NAME = 'llvmpipe'

/** The Vulkan loader lists SwiftShader before lavapipe in any order of the variable. */
export const LAVAPIPE_OF_BOTH = { GGML_VK_VISIBLE_DEVICES: '1' }

/**
 * Environment of a process that finds only the given drivers: with `lavapipe` the device `vulkan` works, with `swiftshader` the device
 * `webgpu`. llama.cpp crashes on SwiftShader, so with both it must be configured to skip that: {@link LAVAPIPE_OF_BOTH}.
 */
export function softwareGpuEnv(...names: readonly (keyof typeof softwareGpus)[]): Record<string, string> {
  const drivers = names.flatMap((name) => softwareGpus[name] ?? [])
  return {
    VK_DRIVER_FILES: drivers.join(':'),
    // The variable's name before Vulkan's loader 1.3.207.
    VK_ICD_FILENAMES: drivers.join(':'),
    // llama.cpp skips software GPUs unless the variable names the devices to use.
    ...(names.includes('lavapipe') && { GGML_VK_VISIBLE_DEVICES: drivers.map((_, i) => i).join(',') }),
    // Compiling llama.cpp's shaders takes minutes, but only seconds with Mesa's cache.
    MESA_SHADER_CACHE_DIR: fileURLToPath(new URL('../../node_modules/.cache/mesa-shaders', import.meta.url)),
  }
}
