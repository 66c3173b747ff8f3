import { jobOf } from './batch-runner.ts'
import { exportText, recordsOfBatch } from './export.ts'
import { implementer, needed } from './procedures.ts'
import type { Service } from './service.ts'
import { writeSidecars } from './sidecars.ts'

const area = implementer.batch

export const batchArea = {
  create: area.create.handler(({ input, context: { service } }) => {
    const clips = keysOf(service, input.clips)
    const title = input.title || `${clips.length} ${clips.length === 1 ? 'clip' : 'clips'}`
    const { question = null, settings, skipDescribed, refused } = input
    return service.batches.create({ title, question, settings, skipDescribed, refused }, clips)
  }),
  list: area.list.handler(({ input, context: { service } }) => {
    const page = service.library.batches.list(input.limit, input.cursor)
    return { ...page, items: page.items.map(jobOf) }
  }),
  get: area.get.handler(({ input, context: { service } }) => service.batches.job(input.job)),
  items: area.items.handler(({ input, context: { service } }) => {
    const { items, total } = service.library.batches.items(input.job, input)
    return { items: items.map((item) => service.batches.itemOf(item)), total }
  }),
  watch: area.watch.handler(({ input, context: { service }, signal }) => service.batches.watch(input.job, needed(signal))),
  add: area.add.handler(({ input, context: { service } }) => service.batches.add(input.job, keysOf(service, input.clips))),
  pause: area.pause.handler(({ input, context: { service } }) => service.batches.pause(input.job)),
  resume: area.resume.handler(({ input, context: { service } }) => service.batches.resume(input.job)),
  retry: area.retry.handler(({ input, context: { service } }) => service.batches.retry(input.job, input.item)),
  export: area.export.handler(({ input, context: { service } }) => {
    const { title } = service.library.batches.get(input.job)
    return exportText(recordsOfBatch(service.library, input.job), input.format, title)
  }),
  sidecars: area.sidecars.handler(({ input, context: { service } }) =>
    writeSidecars(recordsOfBatch(service.library, input.job), { overwrite: input.overwrite, format: input.format }),
  ),
  remove: area.remove.handler(({ input, context: { service } }) => service.batches.remove(input.job)),
}

function keysOf(service: Service, handles: readonly string[]): number[] {
  return handles.map((handle) => service.library.clips.get(handle).key)
}
