import type { DeviceFailureCount } from '../service/device-failures.ts'
import type { Service } from '../service/service.ts'

/** Returns metrics in Prometheus' text format, without texts of clips or answers. */
export function metricsText(service: Service): string {
  const { engine, media, devices } = service.losses
  const values: readonly (readonly [name: string, help: string, value: number])[] = [
    ['tarsier_running', 'Answers being generated.', service.runs.running === null ? 0 : 1],
    ['tarsier_waiting', 'Answers in the queue.', service.runs.waiting],
    ['tarsier_batches_running', 'Running batches.', service.batches.running],
    ['tarsier_model_jobs_running', 'Models being downloaded or imported.', service.models.running],
    ['tarsier_engine_crashes_total', 'Crashes and hangs of the engine process since the server started.', engine.crashes],
    ['tarsier_engine_hangs_total', 'Hangs among these, stopped by the watchdog.', engine.hangs],
    ['tarsier_media_crashes_total', 'Crashes and hangs of the media process since the server started.', media.crashes],
    ['tarsier_media_hangs_total', 'Hangs among these, stopped by the watchdog.', media.hangs],
    ['tarsier_resident_bytes', 'Memory of the server process, without the engine process.', process.memoryUsage.rss()],
  ]
  const ofDevices = (count: (one: DeviceFailureCount) => number) =>
    devices.all.map((one) => [`{part="${one.part}",device="${one.device}"}`, count(one)] as const)
  return [
    ...values.map(([name, help, value]) => metric(name, help, [['', value]])),
    metric(
      'tarsier_device_failures_total',
      'Crashes and failures of GPUs since the start, which are no crashes of the engine.',
      ofDevices(({ failures }) => failures),
    ),
    metric(
      'tarsier_device_fallbacks_total',
      'How often a part of a model went on with its next device after a GPU failed or had too little memory.',
      ofDevices(({ fallbacks }) => fallbacks),
    ),
  ].join('')
}

/** @param values each with its labels, in braces; devices that have not failed yet have no value */
function metric(name: string, help: string, values: readonly (readonly [labels: string, value: number])[]): string {
  const lines = values.map(([labels, value]) => `${name}${labels} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${lines.join('')}`
}
