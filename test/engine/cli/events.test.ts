import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clipEventsSchema } from '../../../src/shared/clip-events.ts'
import { jsonLines, runCli } from './run-cli.ts'

const example = (name: string) => fileURLToPath(new URL(`../../../resources/examples/${name}.mp4`, import.meta.url))
const circle = example('red-circle-right-then-grows')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-events-'))
  await mkdir(join(folder, 'clips'))
  await copyFile(circle, join(folder, 'clips', 'a.mp4'))
  await copyFile(example('blue-square-spins'), join(folder, 'clips', 'b.mp4'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const tarsier = (args: string[], input = '') => runCli([...args, '--home', join(folder, 'home')], { cwd: folder, input })

test('writes the events of several clips next to them, and skips what exists', async () => {
  const first = await tarsier(['events', 'clips', '--format', 'srt', '--sidecar'])
  expect(first).toMatchObject({ code: 0, stdout: '', stderr: '' })
  const srt = await readFile(join(folder, 'clips', 'a.srt'), 'utf8')
  expect(srt).toMatch(/^1\n00:00:00,000 --> 00:00:0[12],\d{3}\nA red circle moves right\n\n2\n/)
  expect(await readFile(join(folder, 'clips', 'b.srt'), 'utf8')).toContain('A blue square spins.')
  const again = await tarsier(['events', 'clips', '--format', 'srt', '--sidecar'])
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') as string })
  expect(await tarsier(['events', 'clips', '--format', 'srt', '--sidecar', '--skip-existing'])).toMatchObject({ code: 0, stderr: '' })
})

test('prints JSON that its schema accepts, and refuses to print files of several clips together', async () => {
  const { code, stdout } = await tarsier(['events', circle])
  expect(code).toBe(0)
  expect(clipEventsSchema.parse(JSON.parse(stdout))).toMatchObject({
    file: circle,
    model: 'demo',
    frameRate: { numerator: 24, denominator: 1 },
  })
  expect(await tarsier(['events', 'clips', '--format', 'vtt'])).toMatchObject({ code: 2, stdout: '' })
})

test('checks a text from a file or from stdin', async () => {
  await writeFile(join(folder, 'true.txt'), 'A red circle moves right and then grows.\n')
  expect(await tarsier(['check', circle, '--text', 'true.txt', '--fail-below', '0.5'])).toMatchObject({ code: 0 })
  const { code, stdout } = await tarsier(
    ['check', circle, '--text', '-', '--json', '--fail-below', '0.5'],
    'A red circle moves right. It is a green star.',
  )
  expect(code).toBe(1)
  const [line] = jsonLines(stdout) as [{ support: number; sentences: { support: number; words: { text: string; support: number }[] }[] }]
  expect(line.sentences.map(({ support }) => support < 0.5)).toEqual([false, true])
  expect(line.support).toBe(line.sentences[1]?.support)
  expect(await tarsier(['check', circle, '--text', '-'], ' \n')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('The text is empty') as string,
  })
  expect(await tarsier(['check', circle, '--text', 'missing.txt'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('file-missing') as string,
  })
})
