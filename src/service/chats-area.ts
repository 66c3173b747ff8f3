import type { Chat } from '../shared/contract/chats.ts'
import { TarsierError } from '../shared/errors.ts'
import { implementer, needed } from './procedures.ts'
import type { Service } from './service.ts'

const area = implementer.chats

export const chatsArea = {
  create: area.create.handler(async ({ input, context: { service }, signal }) => {
    const clip = service.library.clips.get(input.handle)
    return whole(service, service.library.chats.create(clip.key).id, needed(signal))
  }),

  get: area.get.handler(({ input, context: { service }, signal }) => whole(service, input.chat, needed(signal))),

  list: area.list.handler(({ input, context: { service } }) => service.library.chats.about(service.library.clips.get(input.handle).key)),

  ask: area.ask.handler(({ input, context: { service, client }, signal }) => {
    const position = service.library.chats.summary(input.chat).turns
    return service.answers.ask(
      { chat: input.chat, position, text: input.text, settings: input.settings },
      { client, kind: 'chat' },
      needed(signal),
    )
  }),

  regenerate: area.regenerate.handler(({ input, context: { service, client }, signal }) => {
    service.answering.expectUnchanged(input.chat, input.updated)
    const position = service.library.chats.summary(input.chat).turns - 1
    if (position < 0) throw new TarsierError('usage', 'There is no answer to regenerate. Ask a question first.')
    const { question, settings } = service.library.chats.turn(input.chat, position)
    return service.answers.ask(
      { chat: input.chat, position, text: question, settings: input.settings ?? settings, keepAnswer: true, updated: input.updated },
      { client, kind: 'chat' },
      needed(signal),
    )
  }),

  edit: area.edit.handler(({ input, context: { service, client }, signal }) => {
    service.answering.expectUnchanged(input.chat, input.updated)
    const { settings } = service.library.chats.turn(input.chat, input.turn)
    return service.answers.ask(
      { chat: input.chat, position: input.turn, text: input.text, settings: input.settings ?? settings, updated: input.updated },
      { client, kind: 'chat' },
      needed(signal),
    )
  }),

  follow: area.follow.handler(({ input, context: { service, client }, signal }) =>
    service.answers.follow(input.chat, client, needed(signal)),
  ),

  stop: area.stop.handler(({ input, context: { service } }) => service.answers.stop(input.chat)),

  leave: area.leave.handler(({ input, context: { service, client } }) => service.answers.leave(input.chat, client)),

  chooseVersion: area.chooseVersion.handler(({ input, context: { service } }) => {
    service.answering.expectIdle(input.chat)
    service.answering.expectUnchanged(input.chat, input.updated)
    return service.library.chats.chooseVersion(input.chat, input.turn, input.version)
  }),

  versions: area.versions.handler(({ input, context: { service } }) => service.library.chats.versions(input.chat, input.turn)),

  shape: area.shape.handler(async ({ input: { chat, turn, shape, updated }, context: { service, client }, signal }) => {
    const release = service.answering.occupy(chat)
    try {
      service.answering.expectUnchanged(chat, updated)
      const answer = await service.answering.shaped(chat, turn, shape, { client, kind: 'chat' }, needed(signal))
      const { chats } = service.library
      return chats.reshape(chat, turn, { ...chats.turn(chat, turn).settings, shape }, answer)
    } finally {
      release()
    }
  }),

  clear: area.clear.handler(({ input, context: { service }, signal }) => {
    service.answering.expectIdle(input.chat)
    service.answering.expectUnchanged(input.chat, input.updated)
    service.library.chats.clear(input.chat)
    return whole(service, input.chat, needed(signal))
  }),

  rename: area.rename.handler(({ input, context: { service } }) => {
    service.library.chats.rename(input.chat, input.title)
    return service.library.chats.summary(input.chat)
  }),

  remove: area.remove.handler(({ input, context: { service } }) => {
    service.answering.expectIdle(input.chat)
    service.library.chats.remove(input.chat)
  }),
}

async function whole(service: Service, id: string, signal: AbortSignal): Promise<Chat> {
  const summary = service.library.chats.summary(id)
  const metadata = await service.clips.metadata(await service.clips.get(summary.clip, signal))
  return { ...summary, metadata: metadata, all: service.library.chats.turns(id) }
}
