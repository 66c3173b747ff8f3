import { mkdtemp } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import { type RunningServer, type ServeOptions, startServer } from '../../../src/serve/server.ts'
import { openService, type Service } from '../../../src/service/service.ts'
import { RPC_PATH } from '../../../src/shared/contract/addresses.ts'
import type { ServiceClient } from '../../../src/shared/contract/contract.ts'
import { removeDataFolder } from '../../helpers/remove-data-folder.ts'

/** The real server over the real service, with its own home folder and port. */
export class RunServer implements AsyncDisposable {
  readonly home: string
  readonly service: Service
  readonly server: RunningServer

  private constructor(home: string, service: Service, server: RunningServer) {
    this.home = home
    this.service = service
    this.server = server
  }

  static async make(options: Omit<ServeOptions, 'port'> = {}): Promise<RunServer> {
    const home = await mkdtemp(join(tmpdir(), 'tarsier-serve-'))
    const service = openService({ home })
    return new RunServer(home, service, await startServer(service, { ...options, port: 0 }))
  }

  get base(): string {
    return `http://127.0.0.1:${this.server.port}`
  }

  get authorised(): Record<string, string> {
    return { authorization: `Bearer ${this.server.token}` }
  }

  /** The contract over HTTP, as the page uses it. */
  page(): ServiceClient {
    return createORPCClient(new RPCLink({ url: `${this.base}${RPC_PATH}`, headers: this.authorised }))
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.base}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { ...this.authorised, ...(init.headers as Record<string, string>) },
    })
  }

  /** A request with headers that `fetch` does not allow, such as Host. */
  raw(
    path: string,
    headers: Record<string, string>,
    { method = 'GET', address = '127.0.0.1', port = this.server.port } = {},
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: address, port, path, method, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece) => (text += piece))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    await this.service[Symbol.asyncDispose]()
    removeDataFolder(this.home)
  }
}
