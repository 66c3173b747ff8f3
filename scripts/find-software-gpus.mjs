import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findChromium } from './find-chromium.mjs'

const APT = '/usr/bin/apt-get'
/** Where Vulkan's loader looks for drivers. */
const driverFolders = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d']

/**
 * Vulkan drivers that compute on the processor, each by its manifest file: real back ends for the tests of GPUs on machines without one.
 * @typedef {object} SoftwareGpus
 * @property {string | undefined} lavapipe Mesa's, on which llama.cpp's Vulkan back end runs
 * @property {string | undefined} swiftshader Chromium's, on which ONNX Runtime's WebGPU runs
 */

/** @returns {SoftwareGpus} */
export function findSoftwareGpus() {
  // llama.cpp comes without Vulkan for Linux on arm64, and other systems have no package of these drivers.
  if (process.platform !== 'linux' || process.arch !== 'x64') return { lavapipe: undefined, swiftshader: undefined }
  return { lavapipe: findLavapipe(), swiftshader: findSwiftShader() }
}

/** @returns {string | undefined} */
function findLavapipe() {
  const manifests = driverFolders.filter(existsSync).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  return manifests.find((path) => /\/lvp_icd\..*json$/.test(path))
}

/** Every Chromium has it beside its program. @returns {string | undefined} */
function findSwiftShader() {
  const chromium = findChromium()
  const folders = [...(chromium ? [dirname(realpathSync(chromium))] : []), '/usr/lib/chromium']
  return folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find(existsSync)
}

/** Before the tests on GPUs: installs the drivers that are missing, where Debian's packages can be installed. @returns {void} */
export function setup() {
  const { lavapipe, swiftshader } = findSoftwareGpus()
  const packages = [...(lavapipe ? [] : ['mesa-vulkan-drivers']), ...(swiftshader ? [] : ['chromium'])]
  if (packages.length === 0) return
  if (process.platform !== 'linux' || process.arch !== 'x64' || process.getuid?.() !== 0 || !existsSync(APT)) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Whether it worked is seen by whether the drivers are there afterwards; without them the tests are skipped.
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ])
    spawnSync(APT, args, { stdio: ['ignore', 'inherit', 'inherit'], env })
}
