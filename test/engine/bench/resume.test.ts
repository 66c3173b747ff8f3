import { type ChildProcess, fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Prediction } from '../../../src/bench/prediction.ts'
import { ModelServer } from '../../helpers/model-server.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const KILLS = 20
const example = fileURLToPath(new URL('../../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url))

function annotations(count: number): string {
  const line = (idx: number) => ({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'video', video: { video_file: example } },
          { type: 'text', text: `Question ${idx}` },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: '', reference: 'A' }] },
    ],
    dataset: 'TVBench/Scene Transition',
    task: 'video/QA',
    idx,
  })
  return Array.from({ length: count }, (_, idx) => `${JSON.stringify(line(idx))}\n`).join('')
}

interface Life {
  readonly child: ChildProcess
  /** Keys that the process reported as done. */
  readonly reported: string[]
  readonly ended: Promise<number | null>
}

function start(scratch: ScratchFolder, url = ''): Life {
  const child = fork(
    new URL('./run-process.ts', import.meta.url),
    [scratch.path('annotations.jsonl'), scratch.path('out'), scratch.path('home'), url],
    { execArgv: ['--import', import.meta.resolve('tsx')] },
  )
  const reported: string[] = []
  child.on('message', (key) => reported.push(String(key)))
  return { child, reported, ended: new Promise((resolve) => child.once('exit', resolve)) }
}

function untilReported({ child, reported }: Life, many: number): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', () => reported.length >= many && resolve())
  })
}

const predictions = (scratch: ScratchFolder) => readFile(scratch.path('out/tvbench/predictions.jsonl')).catch(() => Buffer.alloc(0))
const wholeLines = (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf('\n') + 1)
const keysOf = (bytes: Buffer) =>
  wholeLines(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as Prediction).key)

test(`a run that is killed ${KILLS} times at random moments neither loses nor repeats a sample`, async () => {
  const samples = 160
  await using scratch = await ScratchFolder.make()
  await scratch.write('annotations.jsonl', annotations(samples))
  await using server = await ModelServer.start(({ prompt }) => ({
    kind: 'say',
    text: `said to ${prompt}`,
    after: 20 + Math.random() * 150,
  }))
  let before = Buffer.alloc(0)
  let inTheMiddle = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const asked = server.received.length
    const life = start(scratch, server.url)
    // Every fourth process is killed during start, the others while they work.
    const many = kill % 4 === 0 ? 0 : 1 + Math.floor(Math.random() * 5)
    if (many > 0) await Promise.race([untilReported(life, many), life.ended])
    await new Promise((resolve) => setTimeout(resolve, Math.random() * (many > 0 ? 60 : 500)))
    life.child.kill('SIGKILL')
    await life.ended
    const after = await predictions(scratch)
    const keys = keysOf(after)
    expect(wholeLines(after).subarray(0, before.length)).toEqual(before) // existing lines stay byte for byte
    expect(keys).toEqual(expect.arrayContaining(life.reported)) // every sample that was reported as done is stored
    const done = new Set(keysOf(before))
    const again = server.received
      .slice(asked)
      .filter(({ prompt }) => done.has(`TVBench/Scene Transition-${prompt.slice('Question '.length)}`))
    expect(again).toEqual([]) // no stored sample is requested again
    if (life.reported.length > 0) inTheMiddle += 1
    before = Buffer.from(wholeLines(after))
  }
  expect(inTheMiddle).toBeGreaterThanOrEqual(10)
  expect(keysOf(before).length).toBeLessThan(samples)
  expect(await start(scratch, server.url).ended).toBe(0)
  const keys = keysOf(await predictions(scratch))
  expect(keys).toHaveLength(samples)
  expect(new Set(keys).size).toBe(samples)
}, 600_000)

test('a killed run with the real engine resumes and produces the predictions of an uninterrupted run', async () => {
  await using scratch = await ScratchFolder.make()
  await using other = await ScratchFolder.make()
  for (const folder of [scratch, other]) await folder.write('annotations.jsonl', annotations(3))
  const life = start(scratch)
  await untilReported(life, 1)
  life.child.kill('SIGKILL')
  await life.ended
  const before = await predictions(scratch)
  expect(keysOf(before).length).toBeGreaterThanOrEqual(1)
  expect(await start(scratch).ended).toBe(0)
  expect(await start(other).ended).toBe(0)
  const after = await predictions(scratch)
  expect(wholeLines(after).subarray(0, wholeLines(before).length)).toEqual(wholeLines(before))
  const answersIn = (bytes: Buffer) =>
    bytes
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Prediction)
      .map(({ key, prediction, video }) => [key, prediction, basename(video ?? '')])
  expect(answersIn(after)).toEqual(answersIn(await predictions(other)))
  expect(answersIn(after)).toHaveLength(3)
}, 600_000)
