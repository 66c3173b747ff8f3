import { existsSync } from 'node:fs'
import { exportText, recordOf } from './export.ts'
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
    for (const chat of input.chats) service.answering.expectIdle(chat)
    const removed = service.library.transaction(() => input.chats.filter((chat) => service.library.chats.remove(chat)).length)
    await service.clips.forgetUnused(Date.now())
    return { removed }
  }),
  export: area.export.handler(({ input, context: { service } }) => {
    const chats = input.chats ?? service.library.chats.ids()
    if (input.format === 'library') return exportLibrary(service.library, chats)
    return exportText(
      chats.map((chat) => recordOf(service.library, chat)),
      input.format,
      'tarsier',
    )
  }),
  import: area.import.handler(({ input, context: { service } }) => importLibrary(service.library, input.text)),
}
