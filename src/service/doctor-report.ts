import { readdir, stat } from 'node:fs/promises'
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { DeviceTestStore } from '../engine/devices/device-test-store.ts'
import type { Diagnosis } from '../engine/diagnosis.ts'
import { gpuPackStatus } from '../engine/gpu-pack/pack-status.ts'
import type { OnDeviceFailure } from '../engine/host/device-recovery.ts'
import { diagnoseInHost } from '../engine/host/diagnose-in-host.ts'
import { modelBytes } from '../engine/models/manifest.ts'
import { listModels, modelsFolder } from '../engine/models/registry.ts'
import { listCrashReports } from '../platform/crash-reports.ts'
import { freeBytes } from '../platform/disk.ts'
import { neverConnect } from '../platform/never-connect.ts'
import type { CrashReport } from '../shared/crash-report.ts'
import type { DeviceTest } from '../shared/device-tests.ts'
import { asTarsierError, type ErrorData, isAbort } from '../shared/errors.ts'
import type { NeverConnectBy } from '../shared/never-connect.ts'
import { type Advice, type Advisable, adviceFor } from './doctor-advice.ts'
import { appVersion } from './version.ts'

export interface ModelSeen {
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** Why the model cannot be used; null if it can. */
  readonly problem: string | null
}

/** What works on this machine. Sizes in bytes; null if the system does not report them. */
export interface DoctorReport extends Advisable {
  readonly app: string
  readonly node: string
  readonly platform: string
  readonly cpu: { readonly model: string; readonly cores: number }
  readonly memory: { readonly total: number; readonly free: number }
  readonly data: {
    readonly home: string
    readonly models: string
    readonly cache: string
    readonly cacheBytes: number
    readonly diskFree: number | null
  }
  readonly models: readonly ModelSeen[]
  /** Reports of crashes, the newest first. */
  readonly crashes: readonly Pick<CrashReport, 'time' | 'process'>[]
  /** What switches connections to other machines off; null if they are allowed. */
  readonly neverConnect: NeverConnectBy | null
  /** Results of testing the native engines, or the error if the test failed. */
  readonly engines: Diagnosis | { readonly error: ErrorData }
  /** Results of device tests against the CPU, newest first. */
  readonly deviceTests: readonly DeviceTest[]
  /** Advice about missing resources. */
  readonly advice: readonly Advice[]
}

/** @param onDeviceFailure called for every device whose driver crashes in the diagnosis */
export async function makeReport(home: string, signal: AbortSignal, onDeviceFailure?: OnDeviceFailure): Promise<DoctorReport> {
  const cache = join(home, 'cache')
  const engines = await diagnoseInHost({ home, onDeviceFailure }, signal).catch((error: unknown) => {
    if (isAbort(error)) throw error
    return { error: asTarsierError(error).toData() }
  })
  const facts = {
    app: appVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch} ${release()}`,
    cpu: { model: cpus()[0]?.model.trim() || 'unknown', cores: availableParallelism() },
    memory: { total: totalmem(), free: freemem() },
    data: { home, models: modelsFolder(home), cache, cacheBytes: await bytesIn(cache), diskFree: await diskFree(home) },
    models: await modelsSeen(home).catch((error: unknown) => [
      // Report a failure instead of throwing, so that the other checks still run.
      { name: 'models', path: modelsFolder(home), bytes: 0, problem: asTarsierError(error).message },
    ]),
    neverConnect: neverConnect(),
    // What they contain may name clips.
    crashes: (await listCrashReports(home)).map(({ time, process }) => ({ time, process })),
    engines,
    deviceTests: await new DeviceTestStore(home).all(),
    gpuPack: await gpuPackStatus(home),
  }
  return { ...facts, advice: adviceFor(facts) }
}

async function modelsSeen(home: string): Promise<ModelSeen[]> {
  return (await listModels(home)).map((entry) => ({
    name: entry.name,
    path: entry.directory,
    bytes: entry.manifest ? modelBytes(entry.manifest) : 0,
    problem: entry.problem,
  }))
}

/** Returns the free bytes on the disk of a folder, which may not exist yet. */
async function diskFree(path: string): Promise<number | null> {
  try {
    return await freeBytes(path)
  } catch {
    // The folder does not exist yet: use its parent.
    return dirname(path) === path ? null : diskFree(dirname(path))
  }
}

async function bytesIn(directory: string): Promise<number> {
  let total = 0
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => [])) {
    // A file may be deleted during the count.
    if (entry.isFile())
      total += await stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      )
  }
  return total
}
