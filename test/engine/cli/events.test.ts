import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Dictionary } from 'node-av/lib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clipEventsSchema } from '../../../src/shared/clip-events.ts'
import { writeClip as writeVideo } from '../../helpers/make-clip.ts'
import { writePicture } from './clips.ts'
import { jsonLines, runCli } from './run-cli.ts'

const example = (name: string) => fileURLToPath(new URL(`../../../resources/examples/${name}.mp4`, import.meta.url))
const circle = example('red-circle-right-then-grows')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-events-'))
  await mkdir(join(folder, 'clips'))
  await copyFile(circle, join(folder, 'clips', 'a.mp4'))
  await copyFile(example('orange-star-shrinks-cyan-circle-still'), join(folder, 'clips', 'b.mp4'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const tarsier = (args: string[], input = '') => runCli([...args, '--home', join(folder, 'home')], { cwd: folder, input })

test('writes the events of several clips next to them, and skips what exists', async () => {
  const first = await tarsier(['events', 'clips', '--format', 'srt', '--sidecar'])
  expect(first).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(/^(.*One event has no clear time and is left out\.\n){2}$/) as string,
  })
  const srt = await readFile(join(folder, 'clips', 'a.srt'), 'utf8')
  expect(srt).toMatch(/^1\n00:00:00,000 --> 00:00:0[12],\d{3}\nA red circle moves right\.\n\n2\n/)
  expect(await readFile(join(folder, 'clips', 'b.srt'), 'utf8')).toContain('An orange star shrinks.')
  const again = await tarsier(['events', 'clips', '--format', 'srt', '--sidecar'])
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') as string })
  // The same clips from a list.
  await writeFile(join(folder, 'list.txt'), 'clips/a.mp4\r\n\nclips/b.mp4\n')
  const skipping = ['events', '--from', 'list.txt', '--format', 'srt', '--sidecar', '--skip-existing']
  expect(await tarsier(skipping)).toMatchObject({ code: 0, stdout: '', stderr: '' })
  expect(await tarsier(['events', '--format', 'srt'])).toMatchObject({ code: 2 })
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

test('says what is wrong with a text, a picture and a target, before the work where it can', async () => {
  const words = (count: number) => 'A red circle moves right. '.repeat(count / 5)
  await writeFile(join(folder, 'empty.txt'), '\n')
  await writeFile(join(folder, 'long.txt'), words(10_000))
  await writePicture(join(folder, 'picture.png'))
  expect(await tarsier(['events', circle, '--text', 'empty.txt'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('The text is empty') as string,
  })
  for (const command of ['events', 'check'])
    expect(await tarsier([command, circle, '--text', 'long.txt'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/The text has [\d,]+ tokens, but only [\d,]+ fit beside the clip/) as string,
    })
  expect(await tarsier(['events', 'picture.png', '--format', 'srt'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('There is only one picture, so events have no times.') as string,
  })
  await copyFile(circle, join(folder, 'own.mp4'))
  expect(await tarsier(['events', 'own.mp4', '-o', 'own.mp4', '--overwrite'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is one of the clips') as string,
  })
  expect(await tarsier(['events', 'own.mp4', '-o', 'missing/own.json'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('its folder does not exist') as string,
  })
  expect(await tarsier(['events', 'own.mp4', circle, '-o', 'missing', '--format', 'srt'])).toMatchObject({ code: 2 })
  expect(await tarsier(['events', 'picture.png', '--cut', 'none'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Only videos and animations can be cut') as string,
  })
})

test('editors get the start timecode of the file', async () => {
  const grey = { width: 96, height: 64, rgb: new Uint8Array(96 * 64 * 3).fill(120) }
  await writeVideo(join(folder, 'drop.mov'), Array<typeof grey>(45).fill(grey), {
    rate: [30_000, 1001],
    beforeHeader: (format) => {
      const [stream] = format.streams
      if (stream) stream.metadata = Dictionary.fromObject({ timecode: '01:00:00;02' })
    },
  })
  await writeFile(join(folder, 'grey.txt'), 'It is grey.')
  const formatted = async (format: string) => (await tarsier(['events', 'drop.mov', '--text', 'grey.txt', '--format', format])).stdout
  expect(await formatted('edl')).toContain('FCM: DROP FRAME')
  expect(await formatted('edl')).toContain('starts at 01:00:00;02')
  // Drop-frame timecode leaves out 108 numbers in an hour.
  expect(await formatted('fcpxml')).toContain('tcStart="54000947/15000s"')
  expect(JSON.parse(await formatted('otio'))).toMatchObject({ global_start_time: { value: 107_894 } })
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

test('a system prompt takes part in descriptions, times and checks', async () => {
  const text = 'A red circle moves right and then grows.'
  await writeFile(join(folder, 'own.txt'), text)
  const system = ['--system', 'Name every colour.']
  const outcome = async (...args: string[]) => {
    const { code, stdout } = await tarsier([...args, '--device', 'cpu'], text)
    expect(code).toBe(0)
    return { ...(JSON.parse(stdout) as Record<string, unknown>), timings: null }
  }
  const commands = [
    ['events', circle],
    ['events', circle, '--text', 'own.txt'],
    ['check', circle, '--text', '-', '--json'],
  ]
  for (const command of commands) {
    const plain = await outcome(...command)
    expect(await outcome(...command, '--system', '')).toEqual(plain)
    expect(await outcome(...command, ...system)).not.toEqual(plain)
  }
})

test('cuts events into files with captions, and skips those that exist', async () => {
  const cut = (...more: string[]) => tarsier(['events', 'clips/a.mp4', '--cut', 'pieces', '--by', 'event', ...more])
  const first = await cut()
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('1 event has no time and is not cut') as string })
  const pieces = jsonLines(await readFile(join(folder, 'pieces', 'metadata.jsonl'), 'utf8')) as { file_name: string; text: string }[]
  expect(pieces.map(({ text }) => text)).toEqual(['A red circle moves right.', 'The red circle grows.'])
  const names = pieces.flatMap(({ file_name: name }) => [name, name.replace(/mp4$/, 'txt')])
  expect((await readdir(join(folder, 'pieces'))).sort()).toEqual(['contact-sheet.jpg', 'metadata.jsonl', ...names].sort())
  expect(await cut()).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') as string })
  const written = await stat(join(folder, 'pieces', names[0] as string))
  expect(await cut('--skip-existing')).toMatchObject({ code: 0 })
  expect((await stat(join(folder, 'pieces', names[0] as string))).mtimeMs).toBe(written.mtimeMs)
  expect((await readdir(join(folder, 'pieces'))).sort()).toEqual(['contact-sheet.jpg', 'metadata.jsonl', ...names].sort())
  expect(await tarsier(['events', 'clips/a.mp4', '--pad', '1'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--cut DIR') as string,
  })
})

test('a run that was killed with SIGKILL continues with the first unfinished segment', async () => {
  // A home of its own: other tests may leave journals of stopped runs.
  const home = join(folder, 'killed-home')
  const journals = join(home, 'cache', 'events')
  const args = ['events', circle, '--segment', '1', '--no-scenes', '--home', home]
  const journal = async () => {
    const [name] = await readdir(journals).catch(() => [])
    const text = name === undefined ? '' : await readFile(join(journals, name), 'utf8')
    // The last line may be half written.
    const lines = text.split('\n').slice(0, -1)
    return { path: join(journals, name ?? ''), text, segments: lines.filter((line) => line.startsWith('{"index"')).length }
  }
  const { code } = await runCli(args, {
    cwd: folder,
    onStart: (child) => {
      const timer = setInterval(async () => {
        if ((await journal()).segments > 0) child.kill('SIGKILL')
      }, 10)
      child.once('close', () => clearInterval(timer))
    },
  })
  expect(code).toBeNull()
  const kept = await journal()
  expect(kept.segments).toBeGreaterThan(0)
  await writeFile(kept.path, kept.text.replace(/("index":0,.*?"text":")[^"]*/, '$1Kept.'))
  const continued = await runCli(args, { cwd: folder })
  expect(continued.code).toBe(0)
  const { segments } = clipEventsSchema.parse(JSON.parse(continued.stdout))
  expect(segments[0]?.text).toBe('Kept.')
  expect(segments.length).toBeGreaterThan(kept.segments)
  expect((await journal()).segments).toBe(0)
})
