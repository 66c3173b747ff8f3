import { mkdirSync, renameSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MediaClient } from '../../../src/engine/host/media-client.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { type FfmpegProgram, findFfmpeg } from '../../../src/engine/media/pieces/ffmpeg-program.ts'
import { type CutOptions, type CutProgress, cutClip } from '../../../src/jobs/cut/cut-clip.ts'
import { PieceFolder } from '../../../src/jobs/cut/piece-folder.ts'
import type { ClipEvents } from '../../../src/shared/clip-events.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { changeBox, withAc4Track } from '../../helpers/mp4-file.ts'
import { numberedPictures, readNumber } from '../../helpers/numbered-picture.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'

const never = new AbortController().signal
const media = new MediaClient()
let scratch: ScratchFolder
let found: FfmpegProgram | null

beforeAll(async () => {
  scratch = await ScratchFolder.make()
  found = (await findFfmpeg()).program
  await writeClip(scratch.path('clip.mp4'), numberedPictures(100, 180, 100), { gop: 50 })
})
afterAll(async () => {
  await media[Symbol.asyncDispose]()
  await scratch[Symbol.asyncDispose]()
})

const exact: CutOptions = { by: 'segment', mode: 'exact', pad: 0, existing: 'refuse' }
const SEGMENTS = [
  { start: 0, end: 1.6, text: 'First.' },
  { start: 1.6, end: 4, text: 'Second.' },
]
const events = (file: string, segments: ClipEvents['segments'] = SEGMENTS): ClipEvents => ({
  file,
  duration: 4,
  frameRate: { numerator: 25, denominator: 1 },
  variableRate: false,
  startTimecode: null,
  model: 'demo',
  segments,
  events: [],
  chapters: [],
  summary: null,
  notices: [],
  timings: {},
})

interface Run {
  readonly file?: string
  readonly program?: FfmpegProgram | null
  readonly options?: Partial<CutOptions>
  readonly signal?: AbortSignal
  readonly segments?: ClipEvents['segments']
  readonly onProgress?: (progress: CutProgress) => void
}

/** Cuts a clip into a folder; returns its files except for its list, what was told, and the codes of failed pieces by their paths. */
async function cut(directory: string, run: Run = {}) {
  const { file = scratch.path('clip.mp4'), program = null, options = {}, signal = never, segments, onProgress } = run
  const notices: string[] = []
  const failures: [string, string][] = []
  await using folder = await PieceFolder.open(directory, [file])
  const report = (progress: CutProgress) => {
    if (progress.kind === 'piece-notice') notices.push(progress.text)
    if (progress.kind === 'piece-failed') failures.push([progress.path, progress.error.code])
    onProgress?.(progress)
  }
  const failed = await cutClip(file, events(file, segments), folder, { media, program }, { ...exact, ...options }, report, signal)
  expect(failed).toBe(failures.length)
  return { files: (await readdir(directory)).filter((name) => name !== 'metadata.jsonl').sort(), notices, failures }
}

async function numbersIn(path: string): Promise<number[]> {
  await using clip = await openClip(path, never)
  const numbers: number[] = []
  const plan = clip.plan({ kind: 'indices', indices: Array.from({ length: clip.info.frameCount }, (_, i) => i) })
  for await (const frame of clip.frames(plan, never)) numbers.push(readNumber(frame))
  return numbers
}

describe.each(['libraries', 'program'] as const)('with the %s', (by) => {
  const program = () => (by === 'program' ? found : null)

  test('writes pieces with captions under any name', async ({ skip }) => {
    if (by === 'program' && !found) skip('There is no FFmpeg program.')
    for (const name of ['-y.mp4', '100 %03d%.mp4', 'föhn 映画 🎬.mp4']) {
      const source = scratch.path(name)
      await copyFile(scratch.path('clip.mp4'), source)
      const directory = scratch.path(`${by} of ${name}`)
      const { files } = await cut(directory, { file: source, program: program() })
      const stem = name.replace('.mp4', '')
      const names = [`${stem}-001-00.00.00.000`, `${stem}-002-00.00.01.600`]
      expect(files).toEqual(names.flatMap((each) => [`${each}.mp4`, `${each}.txt`]))
      expect(await readFile(join(directory, `${names[1]}.txt`), 'utf8')).toBe('Second.\n')
      expect(await numbersIn(join(directory, `${names[1]}.mp4`))).toEqual(Array.from({ length: 60 }, (_, i) => 40 + i))
    }
  })

  test('leaves nothing after an abort', async ({ skip }) => {
    if (by === 'program' && !found) skip('There is no FFmpeg program.')
    const long = scratch.path(`long-${by}.mp4`)
    await writeClip(long, numberedPictures(100, 640, 360), { gop: 100 })
    const directory = scratch.path(`aborted-${by}`)
    const controller = new AbortController()
    const running = cut(directory, { file: long, program: program(), signal: controller.signal })
    const started = async () => (await readdir(directory).catch(() => [])).some((name) => name.endsWith('.part'))
    while (!(await started())) await new Promise((resolve) => setTimeout(resolve, 2))
    controller.abort()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(directory)).toEqual(['metadata.jsonl'])
  })

  test('reports a full disk, and leaves no part of a piece', async ({ skip }) => {
    if (by === 'program' && !found) skip('There is no FFmpeg program.')
    await using disk = await SmallDisk.mount(scratch.path(`disk-${by}`), 1)
    if (!disk) return skip(NO_DISK)
    const directory = join(disk.path, 'pieces')
    await mkdir(directory)
    await writeFile(join(directory, 'metadata.jsonl'), '')
    disk.fill()
    await expect(cut(directory, { program: program() })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/clip-001-00\.00\.00\.000\.(mp4|txt) could not be written/) as string,
    })
    expect(await readdir(directory)).toEqual(['metadata.jsonl'])
  })
})

test('cuts the other pieces of a clip if one cannot be cut, and that one later', async () => {
  const damaged = scratch.path('damaged.mp4')
  const half = (frames: Buffer | null) =>
    frames && Buffer.concat([Buffer.alloc(frames.length * 0.45), frames.subarray(frames.length * 0.45)])
  await writeFile(damaged, changeBox(await readFile(scratch.path('clip.mp4')), ['mdat'], half))
  const directory = scratch.path('of a damaged clip')
  const segments = [
    { start: 0, end: 1.2, text: 'Damaged.' },
    { start: 2.4, end: 3, text: 'Whole.' },
    { start: 3, end: 4, text: 'Also whole.' },
  ]
  const first = join(directory, 'damaged-001-00.00.00.000.mp4')
  const whole = ['damaged-002-00.00.02.400', 'damaged-003-00.00.03.000'].flatMap((name) => [`${name}.mp4`, `${name}.txt`])
  const run = await cut(directory, { file: damaged, segments })
  expect(run).toMatchObject({ files: whole, failures: [[first, 'no-frames']] })
  await copyFile(scratch.path('clip.mp4'), damaged)
  const again = await cut(directory, { file: damaged, segments, options: { existing: 'skip' } })
  expect(again.failures).toEqual([])
  expect(again.files).toEqual(['damaged-001-00.00.00.000.mp4', 'damaged-001-00.00.00.000.txt', ...whole])
})

test('does not stop at a piece whose name is in use, and leaves no piece without its caption', async () => {
  const directory = scratch.path('in use')
  const [piece, second] = ['clip-001-00.00.00.000', 'clip-002-00.00.01.600'].map((name) => join(directory, name))
  await mkdir(`${piece}.mp4`, { recursive: true })
  const { failures } = await cut(directory, { options: { existing: 'overwrite' } })
  expect(failures).toEqual([[`${piece}.mp4`, 'write-failed']])
  expect(await readFile(`${second}.txt`, 'utf8')).toBe('Second.\n')
  await rm(directory, { recursive: true })
  // A caption that appears while its piece is cut.
  const onProgress = (progress: CutProgress) => progress.kind === 'piece' && progress.done === 0 && mkdirSync(`${piece}.txt`)
  const late = await cut(directory, { onProgress })
  expect(late.failures).toEqual([[`${piece}.mp4`, 'write-failed']])
  expect(late.files).toEqual(['clip-001-00.00.00.000.txt', 'clip-002-00.00.01.600.mp4', 'clip-002-00.00.01.600.txt'])
})

test('stops if nothing can be written to the folder any more', async () => {
  const directory = scratch.path('vanishing')
  const segments = [0, 1, 2].map((start) => ({ start, end: start + 1, text: 'A second.' }))
  const told: CutProgress[] = []
  const onProgress = (progress: CutProgress) => {
    told.push(progress)
    if (progress.kind === 'piece' && progress.done === 1) renameSync(directory, `${directory} elsewhere`)
  }
  await expect(cut(directory, { segments, onProgress })).rejects.toMatchObject({ code: 'write-failed' })
  expect(told.at(-1)).toMatchObject({ kind: 'piece', done: 1 })
})

test('lists pieces once, also after they were written again', async () => {
  const directory = scratch.path('again')
  await cut(directory)
  await expect(cut(directory)).rejects.toMatchObject({ code: 'write-failed', remedy: 'existing-texts' })
  await cut(directory, { options: { existing: 'overwrite' } })
  await cut(directory, { options: { existing: 'skip' } })
  const lines = (await readFile(join(directory, 'metadata.jsonl'), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ file_name: 'clip-001-00.00.00.000.mp4', text: 'First.', start: 0, end: 1.6, true_start: 0, true_end: 1.6 }),
    expect.objectContaining({ file_name: 'clip-002-00.00.01.600.mp4', text: 'Second.', start: 1.6, end: 4, true_start: 1.6, true_end: 4 }),
  ])
  await expect(cut(directory, { options: { existing: 'skip', pad: 0.01 } })).rejects.toMatchObject({ code: 'write-failed' })
})

test('keeps a caption whose piece was removed', async () => {
  const directory = scratch.path('corrected')
  const { files } = await cut(directory)
  const [piece = '', text = ''] = files
  await rm(join(directory, piece))
  await writeFile(join(directory, text), 'Corrected.')
  for (const existing of ['refuse', 'skip'] as const)
    await expect(cut(directory, { options: { existing } })).rejects.toMatchObject({ code: 'write-failed' })
  expect(await readFile(join(directory, text), 'utf8')).toBe('Corrected.')
  await cut(directory, { options: { existing: 'overwrite' } })
  expect(await readFile(join(directory, text), 'utf8')).toBe('First.\n')
})

test('tells the true range of copies', async () => {
  const { notices } = await cut(scratch.path('copies'), { options: { mode: 'copy' } })
  expect(notices).toEqual([expect.stringMatching(/^clip-002-[\d.]+mp4 has [01]\.\d+ to 4\.000 s instead of 1\.600 to 4\.000 s/)])
})

test('tells that pieces have no sound if theirs cannot be decoded', async () => {
  const clip = scratch.path('ac4.mp4')
  await writeFile(clip, withAc4Track(await readFile(scratch.path('clip.mp4')), Buffer.alloc(6400)))
  expect((await cut(scratch.path('silent'), { file: clip })).notices).toEqual([expect.stringContaining('The pieces have no sound')])
})

test('cuts animations, as the model sees them', async () => {
  const animation = fileURLToPath(new URL('../../fixtures/media/10.gif', import.meta.url))
  const directory = scratch.path('animation')
  const { files } = await cut(directory, { file: animation, program: found })
  const video = files.find((name) => name.endsWith('.mp4')) as string
  await using piece = await openClip(join(directory, video), never)
  expect(piece.info).toMatchObject({ codec: 'h264', kind: 'video' })
})

test('draws a contact sheet', async () => {
  const directory = scratch.path('sheet')
  await cut(directory)
  await using folder = await PieceFolder.open(directory, [])
  for (const piece of ['clip-001-00.00.00.000.mp4', 'clip-002-00.00.01.600.mp4'])
    await folder.has({
      file_name: piece,
      source: scratch.path('clip.mp4'),
      start: piece.includes('001') ? 0 : 1.6,
      end: piece.includes('001') ? 1.6 : 4,
      mode: 'exact',
    })
  await folder.writeSheets(media, { overwrite: false }, never)
  await using sheet = await openClip(join(directory, 'contact-sheet.jpg'), never)
  expect(sheet.info).toMatchObject({ kind: 'image', width: 16 + 2 * 336 })
})

test('reports a folder that cannot be made', async () => {
  const file = await scratch.write('a file', '')
  await expect(cut(join(file, 'pieces'))).rejects.toMatchObject({ code: 'write-failed' })
})
