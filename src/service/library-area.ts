import { existsSync } from 'node:fs'
import { exportText, recordOf, recordOfClip } from './export.ts'
import { exportLibrary, importLibrary } from './library-file.ts'
import { implementer } from './procedures.ts'

const area = implementer.library

export const libraryArea = {
  search: area.search.handler(({ input, context: { service } }) => {
    const page = service.library.search(input)
    return {
      ...page,
      items: page.items.map(({ clip: { path, ...clip }, ...hit }) => ({ ...hit, clip: { ...clip, present: existsSync(path) } })),
    }
  }),
  filters: area.filters.handler(({ context: { service } }) => service.library.filters()),
  remove: area.remove.handler(async ({ input, context: { service } }) => {
    const { chats, clips, events } = service.library
    for (const chat of input.chats) service.answering.expectIdle(chat)
    const about = service.library.transaction(() => [
      ...input.chats.flatMap((chat) => chats.remove(chat) ?? []),
      ...input.clips.filter((handle) => events.remove(clips.get(handle).key)),
    ])
    // Other clips without a conversation may be waiting in another page, so they get their usual time.
    await service.clips.forgetUnused({ ids: about })
    return { removed: about.length }
  }),
  export: area.export.handler(({ input, context: { service } }) => {
    const { library } = service
    const all = input.chats === undefined && input.clips === undefined
    const chats = all ? library.chats.ids() : (input.chats ?? [])
    const clips = all ? library.events.clips() : (input.clips ?? [])
    if (input.format === 'library') return exportLibrary(library, chats, clips)
    const records = chats.map((chat) => recordOf(library, chat))
    const talkedAbout = new Set(records.map(({ clip }) => clip.id))
    const others = clips.filter((handle) => !talkedAbout.has(handle)).map((handle) => recordOfClip(library, library.clips.get(handle)))
    return exportText([...records, ...others], input.format, 'tarsier')
  }),
  import: area.import.handler(({ input, context: { service } }) => importLibrary(service.library, service.uploads, input.text)),
}
