import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import type { Sample } from '../../../src/bench/sample.ts'
import { ClipPlaces, sampleForWorkers } from '../../../src/queue/clip-places.ts'
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

it('gives workers the clips that a run on this machine opens', () => {
  const placed = (file: string, videos: string | null) => {
    const content = [{ kind: 'clip', clip: { file } }] as const
    const [part] = sampleForWorkers({ ...sampleOf(), content }, videos).content
    return part?.kind === 'clip' ? part.clip.file : null
  }
  expect(placed('clips/a.mp4', 'clips')).toBe('a.mp4')
  expect(placed('clips/a.mp4', null)).toBe('clips/a.mp4')
  expect(placed('other/a.mp4', 'clips')).toBe(resolve('other/a.mp4'))
  expect(placed('../a.mp4', null)).toBe(resolve('../a.mp4'))
  expect(placed(resolve('clips/a.mp4'), 'clips')).toBe(resolve('clips/a.mp4'))
  expect(placed('https://host/a.mp4', 'clips')).toBe('https://host/a.mp4')
  expect(placed('<placeholder>', 'clips')).toBe('<placeholder>')
})

function sampleOf(): Sample {
  const texts = { key: 'DREAM-1', dataset: 'DREAM', task: '', prompt: '', answerPrefix: '', reference: '' }
  return { ...texts, idx: 1, vid: null, content: [], question: null, extraInfo: {} }
}
