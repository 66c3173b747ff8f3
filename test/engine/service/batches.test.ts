import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BatchEvent, BatchJob } from '../../../src/shared/contract/batch.ts'
import { example, RunService } from './run-service.ts'

const CLIPS = ['red-circle-right-then-grows.mp4', 'blue-square-spins.mp4', 'pink-square-down-then-disappears.mp4']
let run: RunService
beforeEach(async () => {
  run = await RunService.make()
})
afterEach(() => run[Symbol.asyncDispose]())

async function handles(): Promise<string[]> {
  const opened: string[] = []
  for (const name of CLIPS) {
    await copyFile(example(name), join(run.home, name))
    opened.push(await run.open(join(run.home, name)))
  }
  return opened
}

async function ended(job: string, onEvent: (event: BatchEvent) => void = () => {}): Promise<BatchJob> {
  for await (const event of await run.page.batch.watch({ job })) {
    onEvent(event)
    if (event.kind === 'job' && event.job.state !== 'running') return event.job
  }
  throw new Error('watching ended before the batch')
}

const settings = { frames: { kind: 'uniform', count: 4 } } as const

test('goes through its clips past a broken one, writes texts beside them, and asks nothing twice', async () => {
  const clips = await handles()
  await writeFile(join(run.home, CLIPS[1] ?? ''), 'no film any more, but as long as the film was')
  const { id: job } = await run.page.batch.create({ clips, settings, title: 'Shapes' })
  const states = new Set<string>()
  const done = await ended(job, (event) => event.kind === 'item' && states.add(event.item.state))
  expect(done).toMatchObject({ title: 'Shapes', state: 'done', counts: { done: 2, failed: 1, waiting: 0, running: 0 } })
  expect(states).toContain('running')
  const { items } = await run.page.batch.items({ job })
  expect(items.map(({ state, excerpt, error }) => [state, excerpt.slice(0, 12), error?.code])).toEqual([
    ['done', 'A red circle', undefined],
    ['failed', '', 'not-media'],
    ['done', 'A pink squar', undefined],
  ])

  const first = join(run.home, CLIPS[0]?.replace('.mp4', '.txt') ?? '')
  await writeFile(first, 'mine')
  expect(await run.page.batch.sidecars({ job })).toEqual({ written: 1, present: [first], failed: [] })
  expect(await readFile(first, 'utf8')).toBe('mine')
  expect(await run.page.batch.sidecars({ job, overwrite: true })).toMatchObject({ written: 2, present: [] })
  expect(await readFile(first, 'utf8')).toMatch(/^A red circle/)
  for (const [format, start] of [
    ['jsonl', '{"file":'],
    ['csv', '\ufefffile,question'],
    ['srt', '1\n00:00:00,000 --> 00:00:0'],
    ['markdown', '# red-circle'],
    ['txt', 'red-circle'],
  ] as const) {
    const file = await run.page.batch.export({ job, format })
    expect(file.text.startsWith(start)).toBe(true)
    expect(file.text).toContain('pink square')
  }

  const again = await run.page.batch.create({ clips: [clips[0] ?? '', clips[2] ?? ''], settings })
  expect((await ended(again.id)).counts).toMatchObject({ skipped: 2, done: 0 })
  await copyFile(example(CLIPS[1] ?? ''), join(run.home, CLIPS[1] ?? ''))
  await run.page.batch.retry({ job })
  expect((await ended(job)).counts).toMatchObject({ done: 3, failed: 0 })
})

test('pauses, survives a restart, and goes on where it was', async () => {
  const { id: job } = await run.page.batch.create({ clips: await handles(), settings })
  for await (const event of await run.page.batch.watch({ job })) if (event.kind === 'item' && event.item.state === 'done') break
  expect(await run.page.batch.pause({ job })).toMatchObject({ state: 'paused', counts: { done: 1, running: 0, waiting: 2 } })
  await run.restart()
  expect(await run.page.batch.get({ job })).toMatchObject({ state: 'paused' })
  await run.page.batch.resume({ job })
  await run.restart()
  expect((await ended(job)).counts).toMatchObject({ done: 3 })
  expect((await run.page.library.search({})).total).toBe(3)
})
