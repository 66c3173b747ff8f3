import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, type TestContext, test, vi } from 'vitest'
import type { ClipMetadata } from '../../../src/shared/contract/clips.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'
import { all, example, finishedTurn } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

const MEGABYTES = 24

let scratch: ScratchFolder
let disk: SmallDisk | null
let run: RunServer
let clip: Buffer
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  clip = await readFile(example('red-circle-right-then-grows.mp4'))
})
afterAll(() => scratch[Symbol.asyncDispose]())
beforeEach(async () => {
  disk = await SmallDisk.mount(scratch.path('disk'), MEGABYTES)
  if (disk === null) return
  // Folder of the server's home.
  vi.stubEnv('TMPDIR', disk.path)
  run = await RunServer.make()
  vi.unstubAllEnvs()
})
afterEach(async () => {
  if (disk === null) return
  await run[Symbol.asyncDispose]()
  await disk[Symbol.asyncDispose]()
})

/** The small disk, where there is one. */
function onDisk({ skip }: TestContext): SmallDisk {
  if (disk === null) return skip(NO_DISK)
  return disk
}

function upload(body: Uint8Array | ReadableStream<Uint8Array>): Promise<Response> {
  return run.fetch('/clips?name=a.mp4', { method: 'POST', body: body as BodyInit, duplex: 'half' } as RequestInit)
}

/** Megabytes that are sent piece by piece without announcing their number. */
function stream(megabytes: number): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull(controller) {
      if (sent++ < megabytes) controller.enqueue(new Uint8Array(1e6).fill(1))
      else controller.close()
    },
  })
}

const uploads = () => readdir(run.service.uploads)

test('an upload that does not fit is rejected, before or during the transfer, and leaves no file', async (context) => {
  onDisk(context)
  const { handle } = (await (await upload(clip)).json()) as ClipMetadata
  expect(await uploads()).toHaveLength(1)
  for (const body of [new Uint8Array((MEGABYTES + 1) * 1e6), stream(MEGABYTES + 8)]) {
    const refused = await upload(body)
    expect(await refused.json()).toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/disk.*Free disk space.*No .* data was lost/),
    })
    expect(refused.ok).toBe(false)
    expect(await uploads()).toHaveLength(1)
  }
  const played = await run.fetch(`/clips/${handle}`)
  expect(Buffer.from(await played.arrayBuffer())).toEqual(clip)
})

test('an answer that cannot be stored is reported, and stored answers remain intact', async (context) => {
  const small = onDisk(context)
  const page = run.page()
  const { handle } = (await (await upload(clip)).json()) as ClipMetadata
  const { id: chat } = await page.chats.create({ handle })
  const settings = { frames: { kind: 'uniform' as const, count: 4 } }
  const first = await finishedTurn(page.chats.ask({ chat, settings }))
  expect(first.text).toMatch(/red circle/)

  await small.fillUp()
  // So long that it does not fit into space that was freed.
  const long = { chat, text: 'why '.repeat(20_000), settings }
  await expect(all(page.chats.ask(long))).rejects.toMatchObject({
    data: { code: 'disk-full', message: expect.stringMatching(/disk is full\. Free disk space and try again\. No stored data was lost/) },
  })
  expect((await page.chats.get({ chat })).all).toMatchObject([{ state: 'done', text: first.text }])
  await small.free()
  const second = await finishedTurn(page.chats.ask({ chat, text: 'What color is it?', settings }))
  expect(second.turn).toMatchObject({ index: 1, state: 'done' })
  expect((await page.chats.get({ chat })).all.map(({ state }) => state)).toEqual(['done', 'done'])
})

test('sidecars are reported one by one', async (context) => {
  const small = onDisk(context)
  const page = run.page()
  const path = join(small.path, 'a.mp4')
  await writeFile(path, clip)
  const { id: handle } = await run.service.clips.open(path, {}, new AbortController().signal)
  const { id: job } = await page.batch.create({ clips: [handle], settings: { frames: { kind: 'uniform', count: 4 } } })
  for await (const event of await page.batch.watch({ job })) if (event.kind === 'job' && event.job.state === 'done') break
  await small.fillUp()
  expect(await page.batch.sidecars({ job })).toMatchObject({
    written: 0,
    present: [],
    failed: [{ name: path, error: { code: 'disk-full' } }],
  })
  expect(await readdir(small.path)).not.toContain('a.txt')
  await small.free()
  expect(await page.batch.sidecars({ job })).toMatchObject({ written: 1, failed: [] })
})
