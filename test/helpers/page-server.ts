import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pageFile } from '../../src/main/page-file.ts'

const root = fileURLToPath(new URL('../../out/renderer', import.meta.url))

export interface PageServer {
  readonly url: string
  readonly close: () => Promise<void>
}

/** The built page on a free port of this machine. No header carries a policy, so what is in force is what the page itself says. */
export async function servePage(): Promise<PageServer> {
  if (!existsSync(join(root, 'index.html'))) throw new Error('The page is not built: run "npm run build" first.')
  const server = createServer(async (request, response) => {
    const file = pageFile(root, 'page', `http://page${request.url}`)
    const body = file && (await readFile(file.path).catch(() => null))
    if (body) response.writeHead(200, { 'content-type': file.contentType }).end(body)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.html`,
    close: () => new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  }
}
