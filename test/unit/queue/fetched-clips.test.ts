import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, utimes } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FetchedClips } from '../../../src/queue/fetched-clips.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal
const server = createServer((request, response) => response.end(request.url))
let host: string
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

it('keeps the clips of workers apart whose process ids are equal, as those of containers that share a home folder', async () => {
  await using scratch = await ScratchFolder.make()
  const rules = { folder: scratch.path('fetched'), allowed: [host], maxBytes: 100 }
  await using one = await FetchedClips.open(rules)
  const first = await one.fileOf(`http://${host}/one.mp4`, never)
  await using other = await FetchedClips.open(rules)
  const second = await other.fileOf(`http://${host}/other.mp4`, never)
  expect(await Promise.all([first, second].map((path) => readFile(path, 'utf8')))).toEqual(['/one.mp4', '/other.mp4'])
  await other[Symbol.asyncDispose]()
  expect([existsSync(first), existsSync(second)]).toEqual([true, false])
  await one[Symbol.asyncDispose]()
  expect(await readdir(rules.folder)).toEqual([])
})

it('removes what a worker has left whose heartbeat ended, and nothing else', async () => {
  await using scratch = await ScratchFolder.make()
  const left = '0b8c3c9e-6a55-4e9f-a9a5-0e6b1d6f2f11'
  await mkdir(scratch.path(`fetched/${left}`), { recursive: true })
  await scratch.write(`fetched/${left}/1.mp4`, 'clip')
  await scratch.write(`fetched/${left}.lock`, '{"process":1,"space":"another machine"}')
  await scratch.write('fetched/notes.txt', 'mine')
  const rules = { folder: scratch.path('fetched'), allowed: [host], maxBytes: 100 }
  await (await FetchedClips.open(rules))[Symbol.asyncDispose]()
  expect(existsSync(scratch.path(`fetched/${left}/1.mp4`))).toBe(true)
  const hourAgo = new Date(Date.now() - 3_600_000)
  await utimes(scratch.path(`fetched/${left}.lock`), hourAgo, hourAgo)
  await (await FetchedClips.open(rules))[Symbol.asyncDispose]()
  expect(await readdir(rules.folder)).toEqual(['notes.txt'])
})
