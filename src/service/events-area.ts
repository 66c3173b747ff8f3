import { formatEvents } from '../jobs/event-formats/format-events.ts'
import { eventsCost } from '../jobs/events/events-cost.ts'
import type { SaveMomentEvent } from '../shared/contract/events.ts'
import { TarsierError } from '../shared/errors.ts'
import { eventFormatInfo } from '../shared/event-formats.ts'
import { storedEventsOf, withoutEvents } from './events-of.ts'
import { clipEventsOptions } from './file-events.ts'
import { implementer, needed } from './procedures.ts'

const area = implementer.events

export const eventsArea = {
  find: area.find.handler(({ input, context: { service, client }, signal }) =>
    service.events.find(input.handle, input.settings, { client, kind: 'chat' }, needed(signal)),
  ),

  get: area.get.handler(({ input, context: { service } }) => {
    const stored = service.library.events.get(service.library.clips.get(input.handle).key)
    return stored && { clip: input.handle, ...stored }
  }),

  cost: area.cost.handler(async ({ input, context: { service }, signal }) => {
    const { facts } = await service.clips.present(input.handle, needed(signal))
    const { home, limits } = service
    const settings = await service.fileEvents.resolve(input.settings)
    const { model, device } = settings
    return eventsCost({ home, model, device, limits }, facts, clipEventsOptions(settings))
  }),

  saveMoment: area.saveMoment.handler(async function* ({ input, context: { service }, signal }): AsyncGenerator<SaveMomentEvent, void> {
    const { handle, start, end, mode } = input
    yield* service.moments.make(await service.clips.present(handle, needed(signal)), { start, end }, mode, needed(signal))
  }),

  remove: area.remove.handler(({ input, context: { service } }) => {
    service.library.events.remove(service.library.clips.get(input.handle).key)
  }),

  export: area.export.handler(({ input, context: { service } }) => {
    const clip = service.library.clips.get(input.handle)
    const stored = storedEventsOf(service.library, clip)
    const found = input.events ? { ...(stored ?? withoutEvents(clip)), events: input.events } : stored
    if (!found || found.events.length === 0)
      throw new TarsierError('nothing-found', `There are no events of ${clip.name} to export. Find its events first.`)
    const { extension, mediaType } = eventFormatInfo[input.format]
    return { name: `${clip.name.replace(/\.[^.]+$/, '')}.${extension}`, mediaType, text: formatEvents(found, input.format) }
  }),

  time: area.time.handler(({ input, context: { service, client }, signal }) =>
    service.events.time(input, { client, kind: 'chat' }, needed(signal)),
  ),

  check: area.check.handler(async function* ({ input, context: { service, client }, signal: given }) {
    const signal = needed(given)
    const { handle, text, question, settings } = input
    const { path } = await service.clips.present(handle, signal)
    yield* service.fileEvents.check({ path, text, question }, settings, { client, kind: 'chat' }, signal)
  }),
}
