import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRouterClient } from '@orpc/server'
import { router } from '../../../src/service/router.ts'
import { openService, type Service, type ServiceOptions } from '../../../src/service/service.ts'
import type { ChatEvent, Turn } from '../../../src/shared/contract/chats.ts'
import type { ServiceClient } from '../../../src/shared/contract/contract.ts'
import { removeDataFolder } from '../../helpers/remove-data-folder.ts'

export const never = new AbortController().signal

/** The real service with its own home folder, called as a page calls it; `restart` opens it again. */
export class RunService implements AsyncDisposable {
  readonly home: string
  service: Service
  page: ServiceClient

  private constructor(home: string) {
    this.home = home
    this.service = openService({ home })
    this.page = this.as('page')
  }

  static async make(): Promise<RunService> {
    return new RunService(await mkdtemp(join(tmpdir(), 'tarsier-service-')))
  }

  /** The contract as another client sees it. */
  as(client: string): ServiceClient {
    const context = { service: this.service, client }
    // Message ports pass a signal with every call; in-process calls have none.
    return createRouterClient(router, {
      context,
      interceptors: [({ next, signal, ...rest }) => next({ ...rest, signal: signal ?? never })],
    })
  }

  async restart(limits?: ServiceOptions['limits']): Promise<void> {
    await this.service[Symbol.asyncDispose]()
    this.service = openService({ home: this.home, ...(limits && { limits }) })
    this.page = this.as('page')
    await this.service.resume()
  }

  /** The handle of a file, as the shell or the server provides it. */
  async open(path: string): Promise<string> {
    return (await this.service.clips.open(path, {}, never)).id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]()
    removeDataFolder(this.home)
  }
}

export const example = (name: string) => fileURLToPath(new URL(`../../../resources/examples/${name}`, import.meta.url))

export async function all<T>(events: Promise<AsyncIterable<T>> | AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const event of await events) list.push(event)
  return list
}

/** An answer's events, and the stored turn. */
export async function finishedTurn(events: Promise<AsyncIterable<ChatEvent>>): Promise<{ events: ChatEvent[]; turn: Turn; text: string }> {
  const list = await all(events)
  const last = list.at(-1)
  if (last?.kind !== 'saved') throw new Error('an answer ends with the turn that was saved')
  return { events: list, turn: last.turn, text: list.map((event) => (event.kind === 'delta' ? event.text : '')).join('') }
}
