import type { Service } from '../service/service.ts'

/** Returns metrics in Prometheus' text format, without texts of clips or answers. */
export function metricsText(service: Service): string {
  const { engine, media } = service.losses
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
  return values
    .map(
      ([name, help, value]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}\n${name} ${value}\n`,
    )
    .join('')
}
