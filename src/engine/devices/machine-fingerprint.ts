import { constants } from 'node:fs'
import { access, readdir, readFile, stat } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { graphicsFingerprint } from './graphics-fingerprint.ts'

/** Variables that choose, hide or add GPUs and drivers, of CUDA, Vulkan, Mesa, ggml and the linker. */
const DEVICE_VARIABLE = /^(CUDA|NVIDIA|__NV|__GLX|GGML|VK_|MESA|LIBGL|DRI_|DISABLE_LAYER|LD_|TARSIER_DEVICE$)/
/** Libraries through which programs reach a driver, on Linux and Windows. */
const LOADERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib/wsl/lib'].flatMap((folder) =>
    ['libvulkan.so.1', 'libcuda.so.1', 'libcudart.so.12', 'libcudart.so.13'].map((name) => join(folder, name)),
  ),
  win32: ['vulkan-1.dll', 'nvcuda.dll'].map((name) => join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', name)),
}

/**
 * What changes when this machine's drivers, cards, their permissions, its processor, or the variables that choose among them change. More than
 * {@link graphicsFingerprint}, which says nothing about the cards.
 */
export async function machineFingerprint(env: Readonly<Record<string, string | undefined>> = process.env): Promise<string> {
  const variables = Object.entries(env)
    .filter(([name]) => DEVICE_VARIABLE.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .sort()
  const loaders = await Promise.all((LOADERS[process.platform] ?? []).map(stampOf))
  const parts = [await graphicsFingerprint(), cpus()[0]?.model ?? '', ...variables, ...loaders.filter((stamp) => stamp !== '')]
  return [...parts, ...(process.platform === 'linux' ? await linuxCards() : [])].join('\n')
}

/** Cards as the kernel knows them, and whether this user may use them. */
async function linuxCards(): Promise<string[]> {
  const cards = (await namesIn('/sys/class/drm')).filter((name) => /^card\d+$/.test(name))
  const models = cards.map(async (card) => {
    const of = (what: string) => readFile(join('/sys/class/drm', card, 'device', what), 'utf8').catch(() => '')
    return `${card} ${await of('vendor')} ${await of('device')}`
  })
  const nodes = [
    ...(await namesIn('/dev')).filter((name) => /^(nvidia|dxg)/.test(name)).map((name) => join('/dev', name)),
    ...(await namesIn('/dev/dri')).map((name) => join('/dev/dri', name)),
  ]
  const usable = nodes.map(async (path) => {
    const open = await access(path, constants.R_OK | constants.W_OK).then(
      () => 'usable',
      () => 'not usable',
    )
    return `${path} ${open}`
  })
  return [...(await Promise.all(models)), ...(await Promise.all(usable)), ...(await namesIn('/proc/driver/nvidia/gpus'))]
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort()
}

/** Path, size and time of a file; empty if it is missing. */
export async function stampOf(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null)
  return stats ? `${path} ${stats.size} ${stats.mtimeMs}` : ''
}
