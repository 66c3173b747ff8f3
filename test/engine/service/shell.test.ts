import { MessageChannel } from 'node:worker_threads'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/message-port'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ShellPort } from '../../../src/service/shell-port.ts'
import { watchWork } from '../../../src/service/shell-work.ts'
import type { ServiceClient } from '../../../src/shared/contract/contract.ts'
import type { Ended, ShellQuestion, ToShell, Work } from '../../../src/shared/shell-messages.ts'
import { example, never, RunService } from './run-service.ts'

let run: RunService
let sent: ToShell[]
let shell: ShellPort
beforeAll(async () => {
  run = await RunService.make()
  sent = []
  shell = new ShellPort(run.service, (message) => sent.push(message))
})
afterAll(() => run[Symbol.asyncDispose]())

let asked = 0
async function ask(question: ShellQuestion): Promise<ToShell> {
  const id = ++asked
  shell.receive({ kind: 'ask', id, question }, [])
  await expect.poll(() => sent.some((message) => 'id' in message && message.id === id), { timeout: 30_000 }).toBe(true)
  return sent.find((message) => 'id' in message && message.id === id) as ToShell
}

const clip = example('blue-square-spins.mp4')

test('files become handles, and one that fails does not block the others', async () => {
  const answer = await ask({ kind: 'open', paths: [clip, '/nowhere/else.mp4'] })
  expect(answer).toMatchObject({
    kind: 'answer',
    answer: [
      { path: clip, file: { kind: 'clip', metadata: { name: 'blue-square-spins.mp4', kind: 'video' } } },
      { file: { kind: 'failed', name: 'else.mp4', error: { code: 'file-missing' } } },
    ],
  })
})

test('only a handle leads to a file', async () => {
  const handle = await run.open(clip)
  expect(await ask({ kind: 'locate', handle, what: 'file' })).toMatchObject({ answer: { path: clip, mediaType: 'video/mp4' } })
  expect(await ask({ kind: 'locate', handle: 'AAAAAAAAAAAAAAAAAAAAAA', what: 'file' })).toMatchObject({
    kind: 'failed',
    error: { code: 'nothing-found' },
  })
})

test('a page calls the contract over its port', async () => {
  const { port1, port2 } = new MessageChannel()
  shell.receive({ kind: 'page', client: 'one' }, [port1 as never])
  const page: ServiceClient = createORPCClient(new RPCLink({ port: port2 as never }))
  expect((await page.settings.get()).values.model).toBe('demo')
  port2.close()
})

test('reports the end of long work but not of short work', async () => {
  const leaving = new AbortController()
  const works: Work[] = []
  const ends: Ended[] = []
  let now = 0
  const watching = watchWork(run.service, { work: (work) => works.push(work), ended: (end) => ends.push(end) }, leaving.signal, () => now)
  const handle = await run.open(clip)
  const begin = () =>
    run.page.batch.create({ clips: [handle], title: 'Evening', skipDescribed: false, settings: { sampling: { maxTokens: 4 } } })
  const idle = () =>
    expect
      .poll(() => works.at(-1), { timeout: 110_000 })
      .toEqual({ answering: false, models: 0, batches: 0, benchmarks: 0, progress: null })

  await begin()
  await expect.poll(() => works.at(-1)?.batches).toBe(1)
  expect(works.at(-1)?.progress).toBe(0)
  await idle()
  expect(ends).toEqual([])

  const second = await begin()
  await expect.poll(() => works.at(-1)?.batches).toBe(1)
  now = 60_000
  await idle()
  expect(await run.page.batch.get({ job: second.id }, { signal: never })).toMatchObject({ state: 'done' })
  expect(ends).toEqual([{ title: '“Evening” is done', text: '1 described, 0 skipped, 0 failed.' }])

  const { name } = await run.page.bench.start({ sets: ['moving-shapes-mc'], model: 'demo', frames: 4, limit: 2 })
  await expect.poll(() => works.at(-1)?.benchmarks).toBe(1)
  now = 120_000
  await idle()
  expect(ends.at(-1)).toEqual({ title: `The benchmark “${name}” is done`, text: '2 answers, 0 failed.' })
  leaving.abort()
  await watching
})
