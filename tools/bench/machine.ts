import { createRequire } from 'node:module'
import { arch, cpus, loadavg, release, totalmem, version } from 'node:os'
import { physicalCores } from '../../src/engine/vision/threads.ts'

export interface Machine {
  readonly cpu: string
  readonly logicalCores: number
  /** 0 if the system does not report it. */
  readonly physicalCores: number
  readonly memoryGigabytes: number
  readonly system: string
  readonly node: string
  /** Load average of the last minute at the start: above 0.5, the results are not this machine's best. */
  readonly load: number
  readonly packages: Readonly<Record<string, string>>
}

const PACKAGES = ['tarsier-desktop', 'node-av', 'onnxruntime-node', 'node-llama-cpp', 'koffi', 'sharp']

export function machineFacts(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    logicalCores: cpus().length,
    physicalCores: physicalCores(),
    memoryGigabytes: Math.round(totalmem() / 1e8) / 10,
    system: `${process.platform} ${arch()}, ${release()}, ${version()}`,
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  }
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url)
  try {
    const path = name === 'tarsier-desktop' ? '../../package.json' : `${name}/package.json`
    return (require(path) as { version: string }).version
  } catch {
    // Some packages do not export their package.json, although it is in the folder of that name.
    return versionInFolders(require, name)
  }
}

function versionInFolders(require: NodeJS.Require, name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { version: string }).version
    } catch {
      // try the parent folder
    }
  }
  return 'not installed'
}
