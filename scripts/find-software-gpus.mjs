import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findChromium } from './find-chromium.mjs'

/** Without a network, apt tries for many minutes. */
const MAX_INSTALL_MS = 180_000
const APT = '/usr/bin/apt-get'
/** Folders in which Vulkan's loader looks for drivers. */
const driverFolders = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d']

/**
 * Vulkan drivers that run on the CPU, by their manifest files: real back ends for the GPU tests on machines without a GPU.
 * @typedef {object} SoftwareGpus
 * @property {string | undefined} lavapipe Mesa's driver, on which llama.cpp's Vulkan back end runs
 * @property {string | undefined} swiftshader Chromium's driver, on which ONNX Runtime's WebGPU runs
 */

/** @returns {SoftwareGpus} */
export function findSoftwareGpus() {
  // llama.cpp is shipped without Vulkan for Linux on arm64, and other systems have no package of these drivers.
  if (process.platform !== 'linux' || process.arch !== 'x64') return { lavapipe: undefined, swiftshader: undefined }
  return { lavapipe: findLavapipe(), swiftshader: findSwiftShader() }
}

/** @returns {string | undefined} */
function findLavapipe() {
  const manifests = driverFolders.filter(existsSync).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  return manifests.find((path) => /\/lvp_icd\..*json$/.test(path))
}

/** Finds the driver that every Chromium has beside its program. @returns {string | undefined} */
function findSwiftShader() {
  const chromium = findChromium()
  const folders = [...(chromium ? [dirname(realpathSync(chromium))] : []), '/usr/lib/chromium']
  return folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find(existsSync)
}

/** Runs before the GPU tests: installs missing drivers, if Debian packages can be installed. @returns {void} */
export function setup() {
  const { lavapipe, swiftshader } = findSoftwareGpus()
  const packages = [...(lavapipe ? [] : ['mesa-vulkan-drivers']), ...(swiftshader ? [] : ['chromium'])]
  if (packages.length === 0) return
  if (process.platform !== 'linux' || process.arch !== 'x64' || process.getuid?.() !== 0 || !existsSync(APT)) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Errors are ignored: without the drivers, the tests are skipped.
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ])
    spawnSync(APT, args, { stdio: ['ignore', 'inherit', 'inherit'], env, timeout: MAX_INSTALL_MS })
}
