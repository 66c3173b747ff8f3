import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { HubServer } from '../../helpers/hub-server.ts'
import { ANSWER_MS, test as base, TestServer } from './app.ts'

/** A tiny checkpoint, which stands for any model of the catalogue. */
const CHECKPOINT = checkpointPath('newer-keys-heads-of-64')

/** A test with a server that downloads from a hub of the test's own. */
export const test = base.extend<object, { hub: HubServer }>({
  hub: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
    async ({}, use) => {
      await using hub = await HubServer.start()
      await use(hub)
    },
    { scope: 'worker' },
  ],
  server: [
    async ({ hub }, use) => {
      // A missing cache, because files in the user's cache would not be downloaded.
      const server = await TestServer.open({ env: { HF_ENDPOINT: hub.endpoint, HF_HOME: '/nowhere', HF_TOKEN: '', HF_HUB_OFFLINE: '' } })
      await use(server)
      await server.close()
    },
    { scope: 'worker', timeout: ANSWER_MS },
  ],
})

/** The files of the tiny checkpoint by name. */
export async function checkpoint(): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const name of await readdir(CHECKPOINT)) files.set(name, await readFile(join(CHECKPOINT, name)))
  return files
}
