import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { type Job, type JobEvent, type Outcome, runJob, type Sink } from '../../../src/jobs/driver.ts'
import { JsonLinesFile } from '../../../src/jobs/sinks/json-lines.ts'
import { sidecarSink } from '../../../src/jobs/sinks/sidecar.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

type Clip = string
type TestJob = Job<Clip, string, number>
const never = new AbortController().signal
const CLIPS = ['a', 'b', 'c', 'd', 'e']

const text = (clip: Clip) => `text of ${clip}`
const works: TestJob['workers'][number] = async (clip) => text(clip)
const fails = (code: 'context-full' | 'disk-full', at: Clip): TestJob['workers'][number] => {
  return async (clip) => {
    if (clip === at) throw new TarsierError(code, `no ${clip}`)
    return text(clip)
  }
}

/** What a job stored, reported and threw. */
async function ran(job: Partial<TestJob>, signal: AbortSignal = never) {
  const stored: Outcome<Clip, string>[] = []
  const stopped: [Clip, string | null][] = []
  const events: JobEvent<Clip, string, number>[] = []
  const sink: Sink<Clip, string> = {
    onFailure: 'stops-job',
    write: (outcome) => void stored.push(outcome),
    stopped: ({ clip, error }) => stopped.push([clip, error?.code ?? null]),
  }
  const whole: TestJob = { source: CLIPS, workers: [works], ...job, sinks: [...(job.sinks ?? []), sink] }
  const end = await runJob(whole, (event) => events.push(event), signal).then(
    (counts) => ({ counts, thrown: null }),
    (thrown: unknown) => ({ counts: null, thrown }),
  )
  return { ...end, stopped, events, stored, clips: stored.map(({ kind, clip }) => `${kind} ${clip}`) }
}

/** A promise that the test settles. */
function gate() {
  let open = () => {}
  const promise = new Promise<void>((resolve) => (open = resolve))
  return { promise, open }
}

test('works on each clip once, then stores and reports its outcome in the order of the source', async () => {
  const { counts, events, clips } = await ran({
    source: ['a', 'b'],
    workers: [
      async (clip, report) => {
        report(0.5)
        return text(clip)
      },
    ],
  })
  expect(counts).toEqual({ done: 2, failed: 0, skipped: 0 })
  expect(clips).toEqual(['done a', 'done b'])
  expect(events).toEqual(
    ['a', 'b'].flatMap((clip) => [
      { kind: 'started', clip },
      { kind: 'progress', clip, progress: 0.5 },
      { kind: 'done', clip, result: text(clip) },
    ]),
  )
})

test('treats duplicates as separate clips', async () => {
  expect((await ran({ source: ['a', 'a', 'a'] })).clips).toEqual(['done a', 'done a', 'done a'])
})

test('a failing clip does not affect the others', async () => {
  const { counts, stored } = await ran({ workers: [fails('context-full', 'b')] })
  expect(counts).toEqual({ done: 4, failed: 1, skipped: 0 })
  expect(stored[1]).toMatchObject({ kind: 'failed', clip: 'b', error: { code: 'context-full' } })
  expect((await ran({ workers: [() => Promise.reject(new Error('a bug'))] })).stored[0]).toMatchObject({ error: { code: 'internal' } })
})

test('a full disk stops the job: outcomes remain, and the affected clip has none', async () => {
  const { thrown, clips, stopped } = await ran({ workers: [fails('disk-full', 'c')] })
  expect(thrown).toMatchObject({ code: 'disk-full' })
  expect(clips).toEqual(['done a', 'done b'])
  expect(stopped).toEqual([['c', 'disk-full']])
})

test('another error stops the job if the job says so', async () => {
  const stops = ({ code }: TarsierError) => code === 'context-full'
  const { thrown, clips } = await ran({ workers: [fails('context-full', 'b')], stops })
  expect(thrown).toMatchObject({ code: 'context-full' })
  expect(clips).toEqual(['done a'])
  expect(await ran({ workers: [fails('disk-full', 'b')], stops })).toMatchObject({ thrown: { code: 'disk-full' } })
})

test('a full disk at one worker stops the others before the job ends', async () => {
  const clipStarted = gate()
  const slow: TestJob['workers'][number] = (_clip, _report, signal) =>
    new Promise((_, reject) => {
      clipStarted.open()
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  const full: TestJob['workers'][number] = async () => {
    await clipStarted.promise
    throw new TarsierError('disk-full', 'full')
  }
  const { thrown, clips, stopped } = await ran({ workers: [slow, full] })
  expect(thrown).toMatchObject({ code: 'disk-full' })
  expect(clips).toEqual([])
  expect(stopped).toEqual([
    ['b', 'disk-full'],
    ['a', null],
  ])
})

test('two workers run concurrently, and outcomes are stored one at a time when ready', async () => {
  const second = gate()
  const workers: TestJob['workers'] = [
    async (clip) => {
      // The first clip waits for the next one, which therefore runs at the same time.
      if (clip === 'a') await second.promise
      return text(clip)
    },
    async (clip) => {
      second.open()
      return text(clip)
    },
  ]
  let writing = 0
  let most = 0
  const slowly: Sink<Clip, string> = {
    onFailure: 'stops-job',
    async write() {
      most = Math.max(most, ++writing)
      await new Promise(setImmediate)
      writing -= 1
    },
  }
  const { counts, clips } = await ran({ workers, sinks: [slowly] })
  expect(counts?.done).toBe(5)
  expect([...clips].sort()).toEqual(CLIPS.map((clip) => `done ${clip}`))
  expect(clips[0]).toBe('done b')
  expect(most).toBe(1)
})

test('an abort stops running clips and starts no others', async () => {
  const stop = new AbortController()
  const { thrown, clips, stopped } = await ran(
    {
      workers: [
        async (clip, _report, signal) => {
          if (clip === 'c') stop.abort()
          signal.throwIfAborted()
          return text(clip)
        },
      ],
    },
    stop.signal,
  )
  expect(thrown).toMatchObject({ name: 'AbortError' })
  expect(clips).toEqual(['done a', 'done b'])
  expect(stopped).toEqual([['c', null]])
})

test('an abort ends the wait for a source without a clip', async () => {
  const stop = new AbortController()
  const waiting = gate()
  async function* source() {
    yield 'a'
    waiting.open()
    await new Promise(() => {})
  }
  const job = ran({ source: source(), workers: [works] }, stop.signal)
  await waiting.promise
  stop.abort()
  expect(await job).toMatchObject({ clips: ['done a'], stopped: [], thrown: { name: 'AbortError' } })
})

test('an abort during the end of the last clip has no effect', async () => {
  const stop = new AbortController()
  const last: TestJob['workers'][number] = async (clip) => {
    if (clip === 'e') stop.abort()
    return text(clip)
  }
  const { thrown, counts } = await ran({ workers: [last] }, stop.signal)
  expect(thrown).toBeNull()
  expect(counts).toEqual({ done: 5, failed: 0, skipped: 0 })
})

test('the source may grow while the job runs', async () => {
  const waiting = ['a']
  function* source() {
    for (let clip = waiting.shift(); clip !== undefined; clip = waiting.shift()) yield clip
  }
  const grows: TestJob['workers'][number] = async (clip) => {
    if (clip === 'a') waiting.push('later')
    return text(clip)
  }
  expect((await ran({ source: source(), workers: [grows] })).clips).toEqual(['done a', 'done later'])
})

test('a job after a killed one continues with the remaining clips, and retries failures on request', async () => {
  await using scratch = await ScratchFolder.make()
  const path = scratch.path('out.jsonl')
  const isWhole = (value: unknown) => typeof value === 'object'
  async function go(worker: TestJob['workers'][number], retryFailed: boolean) {
    const torn = await JsonLinesFile.repair(path, isWhole)
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
    const found = new Map(lines.map((line) => JSON.parse(line) as { clip: Clip; text: string | null }).map((line) => [line.clip, line]))
    await using file = await JsonLinesFile.open(path, { durable: true })
    const { counts } = await ran({
      workers: [worker],
      earlier: async (clip) => {
        const line = found.get(clip)
        return line && (line.text !== null || !retryFailed) ? (line.text ?? '') : null
      },
      sinks: [
        {
          onFailure: 'stops-job',
          write: (outcome) =>
            outcome.kind === 'skipped'
              ? undefined
              : file.add({ clip: outcome.clip, text: outcome.kind === 'done' ? outcome.result : null }),
        },
      ],
    })
    return { counts, torn }
  }
  await scratch.write('out.jsonl', '{"clip":"a","text":"text of a"}\n{"clip":"b","te')
  expect(await go(fails('context-full', 'c'), false)).toEqual({ counts: { done: 3, failed: 1, skipped: 1 }, torn: 15 })
  expect(await go(works, false)).toEqual({ counts: { done: 0, failed: 0, skipped: 5 }, torn: 0 })
  expect(await go(works, true)).toEqual({ counts: { done: 1, failed: 0, skipped: 4 }, torn: 0 })
})

test('a sidecar that cannot be written fails its clip, and a common file that cannot be written stops the job', async () => {
  await using scratch = await ScratchFolder.make()
  const sidecars = sidecarSink<Clip, string>({
    pathOf: (clip) => scratch.path(clip === 'b' ? 'missing/b.txt' : `${clip}.txt`),
    textOf: (result) => result,
    overwrite: false,
  })
  const { counts, stored } = await ran({ sinks: [sidecars] })
  expect(counts).toEqual({ done: 4, failed: 1, skipped: 0 })
  expect(stored[1]).toMatchObject({ kind: 'failed', clip: 'b', error: { code: 'write-failed' } })
  expect(await readFile(scratch.path('a.txt'), 'utf8')).toBe('text of a\n')

  const broken: Sink<Clip, string> = {
    onFailure: 'stops-job',
    write: ({ clip }) => (clip === 'c' ? Promise.reject(new TarsierError('write-failed', 'gone')) : undefined),
  }
  const { thrown, clips, stopped } = await ran({ sinks: [broken] })
  expect(thrown).toMatchObject({ code: 'write-failed' })
  expect(clips).toEqual(['done a', 'done b'])
  expect(stopped).toEqual([['c', 'write-failed']])
})
