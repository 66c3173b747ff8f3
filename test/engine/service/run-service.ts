import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRouterClient } from '@orpc/server'
import { router } from '../../../src/service/router.ts'
import { openService, type Service, type ServiceOptions } from '../../../src/service/service.ts'
import type { ChatEvent, Turn } from '../../../src/shared/contract/chats.ts'
import type { ServiceClient } from '../../../src/shared/contract/contract.ts'
import { removeDataFolder } from '../../helpers/remove-home.ts'

export const never = new AbortController().signal

/** The real service on a home folder of its own, called as a page would call it; opening it again is what a restart does. */
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

  /** The contract as another client has it. */
  as(client: string): ServiceClient {
    const context = { service: this.service, client }
    // The wires give a signal with every call; in process nobody does.
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

  /** The handle of a file, as the shell or the server gives it. */
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

/** An answer's events, and the turn as it was kept. */
export async function told(events: Promise<AsyncIterable<ChatEvent>>): Promise<{ events: ChatEvent[]; turn: Turn; text: string }> {
  const list = await all(events)
  const last = list.at(-1)
  if (last?.kind !== 'saved') throw new Error('an answer ends with the turn that was saved')
  return { events: list, turn: last.turn, text: list.map((event) => (event.kind === 'delta' ? event.text : '')).join('') }
}
