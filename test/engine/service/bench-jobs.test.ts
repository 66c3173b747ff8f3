import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BenchJob } from '../../../src/shared/contract/bench.ts'
import { example, RunService } from './run-service.ts'

let run: RunService
beforeAll(async () => {
  run = await RunService.make()
})
afterAll(() => run[Symbol.asyncDispose]())

/** Waits until the page receives a matching state of a job. */
async function until(id: string, matches: (job: BenchJob) => boolean): Promise<BenchJob> {
  for await (const jobs of await run.page.bench.jobs()) {
    const job = jobs.find((one) => one.id === id)
    if (job && matches(job)) return job
  }
  throw new Error('the jobs are told of without an end')
}

test('a benchmark is stopped, survives a killed process, resumes without repeating samples, and is scored', async () => {
  const choices = await run.page.bench.choices({})
  expect(choices.find(({ name }) => name === 'moving-shapes-mc')).toMatchObject({ judged: false, samples: expect.any(Number) })

  const { id, place } = await run.page.bench.start({ sets: ['moving-shapes-mc'], model: 'demo', frames: 4, limit: 4 })
  await expect(run.page.bench.start({ sets: ['moving-shapes-oe'], model: 'demo' })).rejects.toMatchObject({ data: { code: 'bench-busy' } })
  await until(id, ({ done }) => done >= 1)
  await run.page.bench.stop({ job: id })
  const stopped = await until(id, ({ state }) => state !== 'running')
  expect(stopped).toMatchObject({ state: 'stopped', total: 4, failed: 0 })
  const predictions = () => readFile(join(place, 'moving-shapes-mc', 'predictions.jsonl'), 'utf8')
  const before = await predictions()
  expect(before.trim().split('\n')).toHaveLength(stopped.done)

  // A killed process leaves the state that it saved at the start.
  const file = join(place, 'job.json')
  await writeFile(file, (await readFile(file, 'utf8')).replace('"stopped"', '"running"'))
  await run.restart()
  expect(await until(id, () => true)).toMatchObject({ state: 'stopped', done: stopped.done, total: 4 })

  await run.page.bench.resume({ job: id })
  expect(await until(id, ({ state }) => state !== 'running')).toMatchObject({
    state: 'done',
    done: 4,
    total: 4,
    notScored: [],
    error: null,
  })
  const after = await predictions()
  expect(after.startsWith(before)).toBe(true)
  expect(after.trim().split('\n')).toHaveLength(4)

  const [listed] = (await run.page.bench.list()).runs
  expect(listed).toMatchObject({ model: 'demo', place, sets: [{ name: 'moving-shapes-mc' }] })
  const whole = await run.page.bench.get({ run: listed?.id ?? '' })
  expect(whole.sets[0]?.evaluated).not.toBeNull()
  expect(whole.sets[0]?.headline.length).toBeGreaterThan(0)

  const { items } = await run.page.bench.samples({ run: whole.id })
  const { jpeg } = await run.page.bench.thumbnail({ run: whole.id, key: items[0]?.key ?? '' })
  expect(Buffer.from(jpeg ?? '', 'base64').subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8))

  await run.page.bench.dismiss({ job: id })
  for await (const jobs of await run.page.bench.jobs()) {
    expect(jobs).toEqual([])
    break
  }
  expect((await run.page.bench.list()).runs).toHaveLength(1)
})

test('the data sets of a chosen folder run on the videos of another, and are scored', async () => {
  const annotations = await mkdtemp(join(tmpdir(), 'tarsier-annotations-'))
  try {
    const line = (idx: number, file: string) => ({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'video', video: { video_file: '<placeholder>' } },
            { type: 'text', text: 'Question: What is its color?\n(A) Blue.\n(B) Red.' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: ' Answer: (' },
            { type: 'text', text: '', reference: 'A' },
          ],
        },
      ],
      dataset: 'TVBench/Object',
      task: 'video/QA_multi-choice',
      idx,
      vid: file,
    })
    const lines = [line(0, 'blue-square-spins.mp4'), line(1, 'not-there.mp4')]
    await writeFile(join(annotations, 'TVBench.jsonl'), lines.map((each) => JSON.stringify(each)).join('\n'))
    const handle = run.service.folders.add(annotations)
    const choices = await run.page.bench.choices({ annotations: handle })
    expect(choices).toMatchObject([{ name: 'tvbench', samples: 2 }])
    const videos = run.service.folders.add(dirname(example('blue-square-spins.mp4')))
    const { id } = await run.page.bench.start({ sets: ['tvbench'], annotations: handle, videos, model: 'demo' })
    const done = await until(id, ({ state }) => state !== 'running')
    expect(done).toMatchObject({ state: 'done', done: 2, failed: 1, total: 2, notScored: [], error: null })
    const listed = (await run.page.bench.list()).runs.find(({ sets }) => sets.some(({ name }) => name.toLowerCase() === 'tvbench'))
    const whole = await run.page.bench.get({ run: listed?.id ?? '' })
    expect(whole.sets[0]?.headline.length).toBeGreaterThan(0)
    await expect(run.page.bench.choices({ annotations: 'A'.repeat(22) })).rejects.toMatchObject({ data: { code: 'nothing-found' } })
  } finally {
    await rm(annotations, { recursive: true, force: true })
  }
})

test('a thumbnail shows the moment that it is asked for', async () => {
  const handle = await run.open(example('blue-square-spins.mp4'))
  const [middle, first, later, beyond] = await Promise.all([
    run.page.clips.thumbnail({ handle }),
    run.page.clips.thumbnail({ handle, time: 0 }),
    run.page.clips.thumbnail({ handle, time: 0.7 }),
    run.page.clips.thumbnail({ handle, time: 1e6 }),
  ])
  expect(new Set([middle.jpeg, first.jpeg, later.jpeg]).size).toBe(3)
  expect(first.jpeg).toMatch(/^\/9j\//)
  expect(beyond.jpeg === null || beyond.jpeg.startsWith('/9j/')).toBe(true)
})
