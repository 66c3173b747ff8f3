import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'

/** Where Vulkan's loader looks for drivers on Linux. */
const VULKAN_FOLDERS = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d']
const NVIDIA_VERSION = '/proc/driver/nvidia/version'
/** Where Windows keeps the drivers of display adapters, with their versions. */
const DISPLAY_ADAPTERS = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}'
const REGISTRY_TIMEOUT_MS = 5000

let known: Promise<string> | null = null

/** What changes when this machine's graphics drivers change. Read once in the life of the process, which keeps the drivers it has loaded. */
export function graphicsFingerprint(): Promise<string> {
  known ??= readFingerprint()
  return known
}

async function readFingerprint(): Promise<string> {
  const parts = [process.platform, process.arch, release()]
  if (process.platform === 'linux') parts.push(await readFile(NVIDIA_VERSION, 'utf8').catch(() => ''), ...(await vulkanDrivers()))
  // On macOS drivers come with the system, whose version stands there already.
  if (process.platform === 'win32') parts.push(await displayDrivers())
  return parts.join('\n')
}

/** Manifests of Vulkan drivers, those that the environment names or all, each with the time it was written. */
async function vulkanDrivers(): Promise<string[]> {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env
  const named = (VK_DRIVER_FILES ?? VK_ICD_FILENAMES)?.split(':')
  const found = named ?? (await Promise.all(VULKAN_FOLDERS.map(filesOf))).flat()
  return await Promise.all(
    found.map(async (path) => {
      const stats = await stat(path).catch(() => null) // a driver that is named and not there
      return `${path} ${stats?.size} ${stats?.mtimeMs}`
    }),
  )
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []) // no drivers of that kind
  return names.sort().map((name) => join(folder, name))
}

function displayDrivers(): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: REGISTRY_TIMEOUT_MS, windowsHide: true }
    // Without an answer the rest of the fingerprint has to do.
    execFile('reg', ['query', DISPLAY_ADAPTERS, '/s', '/v', 'DriverVersion'], options, (error, stdout) => resolve(error ? '' : stdout))
  })
}
