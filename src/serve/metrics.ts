import type { Service } from '../service/service.ts'

/** Returns metrics in Prometheus' text format, without texts of clips or answers. */
export function metricsText(service: Service): string {
  const { engine, media } = service.losses
  const values: readonly (readonly [name: string, help: string, value: number])[] = [
    ['tarsier_running', 'Answers being made now.', service.runs.running === null ? 0 : 1],
    ['tarsier_waiting', 'Answers waiting for their turn.', service.runs.waiting],
    ['tarsier_batches_running', 'Batches going on.', service.batches.running],
    ['tarsier_model_jobs_running', 'Models being fetched or imported.', service.models.running],
    ['tarsier_engine_crashes_total', 'Crashes and hangs of the engine since the start.', engine.crashes],
    ['tarsier_engine_hangs_total', 'Of these, those that the watchdog ended.', engine.hangs],
    ['tarsier_media_crashes_total', 'Crashes and hangs of the process that reads clips since the start.', media.crashes],
    ['tarsier_media_hangs_total', 'Of these, those that the watchdog ended.', media.hangs],
    ['tarsier_resident_bytes', 'Memory of the server itself, without the engine.', process.memoryUsage.rss()],
  ]
  return values
    .map(
      ([name, help, value]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${name} ${value}\n`,
    )
    .join('')
}
