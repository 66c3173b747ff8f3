import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { ClipPlaces } from '../../../src/queue/clip-places.ts'
import type { Unit } from '../../../src/queue/unit.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const { signal } = new AbortController()

it('keeps a fetched clip until each unit that got it is done, whatever became of others', async () => {
  await using scratch = await ScratchFolder.make()
  let status = 404
  const server = createServer((_request, response) => response.writeHead(status).end('clip'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const unit = (text: string): Unit => ({ kind: 'check', file: `http://${host}/a.mp4`, text })
  const [first, second, third, fourth] = [unit('1'), unit('2'), unit('3'), unit('4')]
  await using places = await ClipPlaces.open({
    videos: null,
    home: scratch.directory,
    fetching: { folder: scratch.path('fetched'), allowed: [host], maxBytes: 100 },
  })
  try {
    const failed = await Promise.allSettled([places.filesOf(first, signal), places.filesOf(second, signal)])
    expect(failed.map(({ status: end }) => end)).toEqual(['rejected', 'rejected'])
    status = 200
    const [path = ''] = (await places.filesOf(third, signal)).flat()
    expect(await places.filesOf(fourth, signal)).toEqual([path])
    for (const unused of [first, second, fourth]) await places.release(unused)
    expect(existsSync(path)).toBe(true)
    const releasing = places.release(third)
    // Asked for again while the file is being removed.
    const [again = ''] = (await places.filesOf(first, signal)).flat()
    await releasing
    expect([existsSync(path), existsSync(again)]).toEqual([false, true])
  } finally {
    server.close()
  }
})
