import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pieceAddress } from '../../../src/shared/contract/addresses.ts'
import type { ClipMetadata } from '../../../src/shared/contract/clips.ts'
import { example, finishedTurn } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

const CLIP = 'red-circle-right-then-grows.mp4'
let run: RunServer
let bytes: Buffer
beforeAll(async () => {
  run = await RunServer.make({ maxUpload: 1_000_000 })
  bytes = await readFile(example(CLIP))
})
afterAll(() => run[Symbol.asyncDispose]())

function upload(name: string, body: Uint8Array | string): Promise<Response> {
  return run.fetch(`/clips?name=${encodeURIComponent(name)}`, { method: 'POST', body: body as BodyInit })
}

const uploads = async () => (await readdir(run.service.uploads).catch(() => [])).length

test('an uploaded clip plays, is described, and is removed with its conversation', async () => {
  const response = await upload('Ferien 🎬/../am Meer.mp4', bytes)
  expect(response.status).toBe(201)
  const clip = (await response.json()) as ClipMetadata
  expect(clip).toMatchObject({ name: 'am Meer.mp4', kind: 'video', bytes: bytes.length, preview: 'not-needed', present: true })
  // Equal bytes take no more disk space. With the same name they are the same clip, with another one a copy of it.
  expect(((await (await upload('Ferien 🎬/am Meer.mp4', bytes)).json()) as ClipMetadata).handle).toBe(clip.handle)
  const copy = (await (await upload('again.mov', bytes)).json()) as ClipMetadata
  expect(copy).toMatchObject({ name: 'again.mov', present: true })
  expect(copy.handle).not.toBe(clip.handle)
  expect(await uploads()).toBe(1)
  expect(Buffer.from(await (await run.fetch(`/clips/${copy.handle}`)).arrayBuffer())).toEqual(bytes)

  const page = run.page()
  const chat = await page.chats.create({ handle: clip.handle })
  const { text } = await finishedTurn(page.chats.ask({ chat: chat.id }))
  expect(text).toMatch(/red circle/i)
  expect((await page.library.search({ text: 'circle' })).items).toMatchObject([{ chat: { id: chat.id }, clip: { present: true } }])
  expect(await page.library.remove({ chats: [chat.id] })).toEqual({ removed: 1 })
  await expect(page.clips.get({ handle: clip.handle })).rejects.toMatchObject({ data: { code: 'nothing-found' } })
  // The copy may be waiting for a batch in another page. It goes with its own conversation.
  expect(await page.clips.get({ handle: copy.handle })).toMatchObject({ present: true })
  expect(await uploads()).toBe(1)
  const ofCopy = await page.chats.create({ handle: copy.handle })
  expect(await page.library.remove({ chats: [ofCopy.id] })).toEqual({ removed: 1 })
  expect(await uploads()).toBe(0)
})

test('serves bytes whole and in ranges', async () => {
  const { handle } = (await (await upload('a.mp4', bytes)).json()) as ClipMetadata
  const whole = await run.fetch(`/clips/${handle}`)
  expect(whole.headers.get('content-type')).toBe('video/mp4')
  expect(whole.headers.get('accept-ranges')).toBe('bytes')
  expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes)
  const part = await run.fetch(`/clips/${handle}`, { headers: { range: 'bytes=100-199' } })
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toBe(`bytes 100-199/${bytes.length}`)
  expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(100, 200))
  const end = await run.fetch(`/clips/${handle}`, { headers: { range: 'bytes=-10' } })
  expect(Buffer.from(await end.arrayBuffer())).toEqual(bytes.subarray(-10))
  const beyond = await run.fetch(`/clips/${handle}`, { headers: { range: `bytes=${bytes.length}-` } })
  expect(beyond.status).toBe(416)
  expect(beyond.headers.get('content-range')).toBe(`bytes */${bytes.length}`)
  const head = await run.fetch(`/clips/${handle}`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)])
  expect((await run.fetch(`/clips/${handle}`, { headers: { 'if-none-match': whole.headers.get('etag') ?? '' } })).status).toBe(304)
})

test.each([
  ['nothing', new Uint8Array(0), 400, 'file-empty'],
  ['a text named like a film', 'Once upon a time '.repeat(500), 400, 'not-media'],
  ['more than the limit', new Uint8Array(1_000_001), 413, 'upload-too-large'],
] as const)('%s is rejected with a message and leaves no file', async (_what, body, status, code) => {
  const before = await uploads()
  const response = await upload('film.mp4', body)
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ code })
  expect(await uploads()).toBe(before)
})

test('an interrupted upload leaves no file', async () => {
  const before = await uploads()
  await new Promise<void>((resolve) => {
    const upload = request({
      host: '127.0.0.1',
      port: run.server.port,
      path: '/clips?name=a.mp4',
      method: 'POST',
      headers: { ...run.authorised, 'content-length': 500_000 },
    })
    upload.on('error', () => {})
    upload.on('close', resolve)
    upload.write(bytes.subarray(0, 1000), () => setTimeout(() => upload.destroy(), 100))
  })
  await expect.poll(uploads, { timeout: 10_000 }).toBe(before)
})

test('unknown and outdated handles are reported', async () => {
  for (const handle of ['AAAAAAAAAAAAAAAAAAAAAA', '..%2F..%2Fetc%2Fpasswd', 'x']) {
    const response = await run.fetch(`/clips/${handle}`)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'nothing-found' })
  }
  const { handle } = (await (await upload('b.mp4', bytes)).json()) as ClipMetadata
  const [file] = await readdir(run.service.uploads)
  await rm(join(run.service.uploads, file ?? ''))
  const afterRemoval = await run.fetch(`/clips/${handle}`)
  expect([afterRemoval.status, await afterRemoval.json()]).toMatchObject([404, { code: 'file-missing' }])
  expect(await run.page().clips.get({ handle })).toMatchObject({ present: false })
  // Uploading it again restores it under its former handle.
  expect((await (await upload('b.mp4', bytes)).json()) as ClipMetadata).toMatchObject({ handle, present: true })
})

test('a clip that browsers do not play gets a preview that they do', async () => {
  const page = run.page()
  const { writeClip } = await import('../../helpers/make-clip.ts')
  const { numberedPictures } = await import('../../helpers/numbered-picture.ts')
  const { addBeeps, hearBeeps } = await import('../../helpers/sound-clip.ts')
  const silent = join(run.home, 'silent.mp4')
  const path = join(run.home, 'old.mkv')
  await writeClip(silent, numberedPictures(12, 64, 48), { codec: 'mpeg4' })
  await addBeeps(silent, path, 'matroska', 'flac', 2)
  const { handle, preview } = (await (await upload('old.mkv', await readFile(path))).json()) as ClipMetadata
  expect(preview).toBe('needed')
  expect((await run.fetch(`/clips/${handle}/preview`)).status).toBe(404)
  const kinds: string[] = []
  for await (const event of await page.clips.preview({ handle })) kinds.push(event.kind)
  expect(kinds.at(-1)).toBe('ready')
  expect((await page.clips.get({ handle })).preview).toBe('ready')
  const made = await run.fetch(`/clips/${handle}/preview`, { headers: { range: 'bytes=0-3' } })
  expect(made.headers.get('content-type')).toBe('video/webm')
  expect(Buffer.from(await made.arrayBuffer())).toEqual(Buffer.from('1a45dfa3', 'hex'))
  const { openClip } = await import('../../../src/engine/media/open-clip.ts')
  const stored = await run.service.clips.get(handle, new AbortController().signal)
  await using clip = await openClip(run.service.previews.pathOf(stored), new AbortController().signal)
  expect(clip.info).toMatchObject({ width: 64, height: 48, frameCount: 12, codec: 'vp8' })
  const heard = await hearBeeps(run.service.previews.pathOf(stored))
  expect(heard?.beeps[0]).toBeLessThan(0.1)
})

test('downloads a moment of a clip under its name, until it is removed', async () => {
  const { handle } = (await (await upload('Möwe "1".mp4', bytes)).json()) as ClipMetadata
  const events = []
  for await (const event of await run.page().events.saveMoment({ handle, start: 1, end: 2 })) events.push(event)
  const ready = events.at(-1)
  if (ready?.kind !== 'ready') throw new Error('the moment is not ready')
  const response = await run.fetch(pieceAddress(handle, ready.piece))
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('video/mp4')
  expect(response.headers.get('content-disposition')).toMatch(
    /^attachment; filename="M_we _1_-001-00\.00\.01\.000\.mp4"; filename\*=UTF-8''M%C3%B6we/,
  )
  const path = join(run.home, 'moment.mp4')
  await writeFile(path, Buffer.from(await response.arrayBuffer()))
  expect(await run.service.media.probe(path, new AbortController().signal)).toMatchObject({ frameCount: 24, duration: 1 })
  const other = (await (await upload('other.mp4', bytes)).json()) as ClipMetadata
  expect((await run.fetch(pieceAddress(other.handle, ready.piece))).status).toBe(404)
  const backwards = async () => {
    for await (const _ of await run.page().events.saveMoment({ handle, start: 2, end: 1 })) expect.unreachable()
  }
  await expect(backwards()).rejects.toMatchObject({ data: { code: 'invalid-range' } })
})
