import { createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { QueueJobs } from '../../../src/service/queue-jobs.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

it('connects once for several watchers, and goes on when one of them leaves', async () => {
  await using scratch = await ScratchFolder.make()
  // Accepts connections, and answers nothing.
  const server = createServer()
  let connections = 0
  server.on('connection', () => (connections += 1))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  using library = new Library(scratch.directory)
  library.settings.set({ queue: `postgres://owner@${host}/queue` })
  await using jobs = new QueueJobs(library)
  const [leaving, staying] = [new AbortController(), new AbortController()]
  const left = jobs.watch(leaving.signal).next()
  const stays = jobs.watch(staying.signal)
  const view = stays.next()
  const socket = await accepted
  leaving.abort()
  expect(await left).toMatchObject({ done: true })
  socket.destroy()
  server.close()
  expect(await view).toMatchObject({ done: false, value: { address: `owner@${host}/queue`, problem: { code: 'queue-unreachable' } } })
  expect(connections).toBe(1)
  staying.abort()
  await stays.return()
})
