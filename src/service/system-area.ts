import { homedir, release, userInfo } from 'node:os'
import { DeviceTestStore } from '../engine/devices/device-test-store.ts'
import { gpuPackStatus } from '../engine/gpu-pack/pack-status.ts'
import { KeptBuilds } from '../engine/language/kept-builds.ts'
import { crashFolder, deleteCrashReports, listCrashReports } from '../platform/crash-reports.ts'
import { neverConnect, setNeverConnect } from '../platform/never-connect.ts'
import type { About, Health } from '../shared/contract/system.ts'
import type { DownloadProgress } from '../shared/download-progress.ts'
import { connections } from './connections.ts'
import { exportCrashes } from './crash-export.ts'
import { makeReport } from './doctor-report.ts'
import { eventStream } from './event-stream.ts'
import { licenceTexts, licensedComponents } from './licences.ts'
import { implementer, needed } from './procedures.ts'
import type { Service } from './service.ts'
import { appVersion } from './version.ts'

const area = implementer.system

export const systemArea = {
  about: area.about.handler(({ context: { service } }) => about(service)),
  licences: area.licences.handler(() => licensedComponents()),
  licenceTexts: area.licenceTexts.handler(({ input: { ids } }) => licenceTexts(ids)),
  health: area.health.handler(({ context: { service }, signal }) => health(service, needed(signal))),
  retryDevices: area.retryDevices.handler(async ({ context: { service } }) => {
    const forgotten = await new DeviceTestStore(service.home).forgetFailed()
    await new KeptBuilds(service.home).forgetUnusable()
    // A loaded model keeps its devices, and its client those that it no longer tries.
    service.engines.reload()
    service.gpuNames.forget()
    return forgotten
  }),
  gpuPack: area.gpuPack.handler(({ context: { service } }) => gpuPackStatus(service.home)),
  installGpuPack: area.installGpuPack.handler(({ context: { service }, signal }) =>
    eventStream<DownloadProgress, void>(async (onProgress, signal) => {
      const { installGpuPack } = await import('../engine/gpu-pack/install-pack.ts')
      await installGpuPack({ home: service.home, signal, onProgress })
      service.engines.reload()
      service.gpuNames.forget()
    }, needed(signal)),
  ),
  removeGpuPack: area.removeGpuPack.handler(async ({ context: { service } }) => {
    // Some systems cannot remove files that a process has open.
    if (service.runs.running === null) await service.engines.unload()
    else service.engines.reload()
    const { removeGpuPack } = await import('../engine/gpu-pack/install-pack.ts')
    await removeGpuPack(service.home)
    service.gpuNames.forget()
  }),
  gpus: area.gpus.handler(({ context: { service } }) => service.gpuNames.list()),
  activity: area.activity.handler(({ context: { service }, signal }) => service.activity.watch(signal)),
  setNeverConnect: area.setNeverConnect.handler(({ input: { on }, context: { service } }) => {
    setNeverConnect(service.home, on)
    service.log.info('connections', `"Never connect" was switched ${on ? 'on' : 'off'}`)
    service.activity.changed()
  }),
  logs: area.logs.handler(({ input, context: { service } }) => service.log.newest(input.limit)),
  crashes: area.crashes.handler(async ({ context: { service } }) => ({
    folder: crashFolder(service.home),
    reports: await listCrashReports(service.home),
  })),
  exportCrashes: area.exportCrashes.handler(({ input, context: { service } }) => exportCrashes(service.home, input)),
  deleteCrashes: area.deleteCrashes.handler(({ input, context: { service } }) => deleteCrashReports(service.home, input.id)),
  report: area.report.handler(async ({ context: { service }, signal }) => {
    const state = {
      ...about(service),
      ...(await health(service, needed(signal))),
      neverConnect: neverConnect(),
      log: service.log.newest(200),
    }
    const { connections: _connections, ...told } = state
    return { name: 'tarsier-report.txt', mediaType: 'text/plain', text: impersonal(`${JSON.stringify(told, null, 2)}\n`, service.home) }
  }),
}

function about({ home }: Service): About {
  return {
    version: appVersion(),
    platform: `${process.platform} ${process.arch} ${release()}`,
    node: process.versions.node,
    home,
    connections: connections.map(({ to, why, when }) => ({ to, why, when })),
  }
}

async function health({ home, onDeviceFailure }: Service, signal: AbortSignal): Promise<Health> {
  const report = await makeReport(home, signal, onDeviceFailure)
  const { engines } = report
  const works = 'error' in engines ? null : engines
  const none = 'error' in engines ? [{ name: 'engine', works: false, detail: engines.error.message }] : []
  return {
    cpu: report.cpu,
    memory: report.memory,
    disk: { free: report.data.diskFree, cache: report.data.cacheBytes },
    media: works ? [works.media, works.images] : none,
    vision: works?.vision.devices ?? none,
    language: works?.language.devices ?? none,
    deviceTests: report.deviceTests,
    advice: report.advice.map(({ text }) => text),
  }
}

/** Replaces the user's paths and name in a text with placeholders. */
export function impersonal(text: string, home: string, own: readonly string[] = [homedir(), userInfo().username]): string {
  const places = [[home, '<data>'], ...own.filter((word) => word.length > 2).map((word) => [word, '<me>'])] as [string, string][]
  return places.reduce((rest, [place, word]) => rest.replaceAll(JSON.stringify(place).slice(1, -1), word).replaceAll(place, word), text)
}
