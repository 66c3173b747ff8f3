import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Prediction, predictionSchema } from '../../../src/bench/prediction.ts'
import { childrenOf } from '../../helpers/child-processes.ts'
import { canInterrupt } from '../../helpers/signals.ts'
import { writeClip, writePicture } from './clips.ts'
import { jsonLines, runCli } from './run-cli.ts'
import { makeTinyModel } from './tiny-model.ts'

let folder: string
let home: string
/** Arguments of every run: the tiny model and a separate home folder. */
let common: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-describe-from-'))
  home = join(folder, 'home')
  await makeTinyModel(home, 'tiny')
  common = ['--model', 'tiny', '--home', home, '--device', 'cpu', '--max-tokens', '8', '--frames', '4', '--out', 'out/captions.jsonl']
  for (const name of ['a', 'b', 'c']) await writeClip(join(folder, `${name}.gif`))
  await writePicture(join(folder, 'videos', '12.png'))
})
beforeEach(() => rm(join(folder, 'out'), { recursive: true, force: true }))
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = (args: readonly string[], options: Parameters<typeof runCli>[1] = {}) =>
  runCli(['describe', ...common, ...args], { cwd: folder, ...options })

async function captions(): Promise<Prediction[]> {
  return jsonLines(await readFile(join(folder, 'out', 'captions.jsonl'), 'utf8')).map((line) => predictionSchema.parse(line))
}

const annotation = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'video', video: { video_file: '<placeholder>' } },
        { type: 'text', text: 'What happens?' },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: '', reference: 'Noise.' }] },
  ],
  dataset: 'DREAM/garden',
  task: 'video/caption',
  idx: 4,
  vid: 12,
  extra_info: { n_shots: 1 },
}

describe('describe --from', () => {
  it('accepts every annotation form of the Python program, and ignores the reference', async () => {
    await writePicture(join(folder, 'videos', '13.png'))
    const pictures = ['videos/12.png', 'videos/13.png', 'videos/12.png']
    const text = { type: 'text', text: 'Describe it.' }
    const shown = (...content: object[]) => ({ messages: [{ role: 'user', content }], dataset: 'shapes' })
    const video = (fields: object) => ({ type: 'video', video: { video_file: 'a.gif', ...fields } })
    const lines = [
      { text: { prompt: '<video>\nDescribe the video in detail.' }, video_file: 'a.gif', vid: 1, dataset: 'caption-test' },
      { text: { prompt: '<video>\nDescribe it.' }, video_file: pictures, dataset: 'caption-test' },
      shown({ type: 'video', video: { image_file: pictures } }, text),
      shown(video({ frame_indices: [1, 0] }), text),
      shown(video({ time_indices: [0] }), text),
      shown(video({ fps: 0.001 }), text),
      shown(text),
      shown(video({}), { type: 'video', video: { video_file: 'b.gif' } }, text),
      shown({ type: 'image', image: { image_file: 'videos/12.png' } }, text),
    ]
    await writeFile(join(folder, 'shapes.jsonl'), lines.map((line, idx) => `${JSON.stringify({ ...line, idx })}\n`).join(''))
    const { code, stdout, stderr } = await run(['--from', 'shapes.jsonl'])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `out/captions.jsonl: ${lines.length} of ${lines.length} described\n`,
      stderr: '',
    })
    const frames = (await captions()).map(({ used }) => used?.frames.map(({ index }) => index))
    expect(frames.slice(1, 7)).toEqual([[0, 1, 2], [0, 1, 2], [1, 0], [0], [0], []])
    // Two clips share the frames.
    expect(frames[7]).toHaveLength(4)
    expect(frames[8]).toEqual([0])
    expect((await captions())[6]).toMatchObject({ video: null, used: { width: null, height: null } })
  })

  it('writes one line per clip, resumes, and exits with 1 if a clip failed', async () => {
    await writeFile(join(folder, 'list.txt'), 'a.gif\nmissing.mp4\nb.gif\n')
    const first = await run(['--from', 'list.txt', '--limit', '2'])
    expect(first.code).toBe(1)
    expect(first.stdout).toBe('out/captions.jsonl: 1 of 2 described, 1 failed\n')
    expect(first.stderr).toMatch(/^tarsier: .*missing\.mp4.* \[file-missing\]\n$/)
    const [described, failed] = await captions()
    expect(described).toMatchObject({ key: 'captions-a.gif', idx: 'a.gif', error: null, video: join(folder, 'a.gif') })
    expect(described?.used).toMatchObject({ engine: 'tarsier', model: 'tiny' })
    expect(described?.used?.frames).toHaveLength(4)
    expect(failed).toMatchObject({ idx: 'missing.mp4', prediction: null, error: { code: 'file-missing' } })

    const rest = await run(['--from', 'list.txt'])
    expect(rest.code).toBe(1)
    expect((await captions()).map(({ idx }) => idx)).toEqual(['a.gif', 'missing.mp4', 'b.gif'])
    expect((await captions())[0]).toEqual(described)

    await writeClip(join(folder, 'missing.mp4'))
    const retried = await run(['--from', 'list.txt', '--retry-failed'])
    expect(retried).toEqual({ code: 0, stdout: 'out/captions.jsonl: 3 of 3 described\n', stderr: '' })
    expect((await captions()).map(({ idx, error }) => [idx, error])).toEqual([
      ['a.gif', null],
      ['b.gif', null],
      ['missing.mp4', null],
    ])
    await rm(join(folder, 'missing.mp4'))
  })

  it('accepts clips with their own requests, and annotations whose clips are found by vid', async () => {
    const lines = ['a.gif', { video: 'a.gif', prompt: 'Where?' }, annotation, 7]
    await writeFile(join(folder, 'list.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const { code, stdout, stderr } = await run(['--from', 'list.jsonl', '--videos', 'videos'])
    expect(code).toBe(1) // for the broken line
    expect(stdout).toBe('out/captions.jsonl: 3 of 3 described\n')
    expect(stderr).toMatch(/^tarsier: list\.jsonl:4: must be a path, .* \[bench-damaged\]\n$/)
    expect((await captions()).map(({ key, video, extraInfo }) => [key, video, extraInfo])).toEqual([
      ['captions-a.gif', join(folder, 'a.gif'), {}],
      ['captions-a.gif: Where?', join(folder, 'a.gif'), {}],
      ['DREAM/garden-4', join(folder, 'videos', '12.png'), { n_shots: 1 }],
    ])
  })

  it('splits a list into disjoint and complete shards', async () => {
    await writeFile(join(folder, 'list.txt'), 'a.gif\nb.gif\nc.gif\n')
    const parts: unknown[] = []
    for (const shard of ['1/2', '2/2']) {
      expect((await run(['--from', 'list.txt', '--shard', shard, '--out', 'out/part.jsonl'])).code).toBe(0)
      const lines = await readFile(join(folder, 'out', 'part.jsonl'), 'utf8').catch(() => '')
      parts.push(...jsonLines(lines).map((line) => predictionSchema.parse(line).idx))
      await rm(join(folder, 'out'), { recursive: true, force: true })
    }
    expect(parts.sort()).toEqual(['a.gif', 'b.gif', 'c.gif'])
  })

  it('describes several clips in parallel processes with the results of a sequential run', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `many-${i}.gif`)
    for (const [i, name] of names.entries()) await copyFile(join(folder, `${['a', 'b', 'c'][i % 3]}.gif`), join(folder, name))
    await writeFile(join(folder, 'many.txt'), names.join('\n'))
    const texts = async () => new Map((await captions()).map(({ key, prediction }) => [key, prediction]))
    const alone = await run(['--from', 'many.txt'])
    expect(alone).toMatchObject({ code: 0, stdout: 'out/captions.jsonl: 6 of 6 described\n' })
    const one = await texts()
    await rm(join(folder, 'out'), { recursive: true })
    let engines = 0
    const together = await run(['--from', 'many.txt', '--workers', '2'], {
      onStart(child) {
        const watch = setInterval(() => (engines = Math.max(engines, childrenOf(child.pid ?? 0).length)), 50)
        child.once('exit', () => clearInterval(watch))
      },
    })
    expect(together).toEqual(alone)
    expect(await texts()).toEqual(one)
    expect(await captions()).toHaveLength(6)
    expect(engines).toBe(2)
    // The number of workers is not a setting of a run: a run continues with another number.
    expect((await run(['--from', 'many.txt', '--workers', '3'])).code).toBe(0)
    expect(await captions()).toHaveLength(6)
  })

  it('rejects changed settings for an existing file, and renames that file with --overwrite', async () => {
    await writeFile(join(folder, 'list.txt'), 'a.gif\n')
    expect((await run(['--from', 'list.txt'])).code).toBe(0)
    const before = await readFile(join(folder, 'out', 'captions.jsonl'), 'utf8')
    const other = await run(['--from', 'list.txt', '--frames', '2'])
    expect(other.code).toBe(1)
    expect(other.stderr).toContain('frames was 4 and is 2')
    expect(other.stderr).toContain('[bench-mismatch]')
    expect((await run(['--from', 'list.txt', '--frames', '2', '--new'])).code).toBe(0)
    expect((await captions())[0]?.used?.frames).toHaveLength(2)
    const [old = ''] = await readdir(join(folder, 'out', 'old'))
    expect(await readFile(join(folder, 'out', 'old', old, 'captions.jsonl'), 'utf8')).toBe(before)
  })

  it.skipIf(!canInterrupt)('stops cleanly, keeps finished clips, and describes the rest on the next run', async () => {
    const many = Array.from({ length: 60 }, (_, i) => `${JSON.stringify({ video: ['a.gif', 'b.gif'][i % 2], prompt: `Ask ${i}.` })}\n`)
    await writeFile(join(folder, 'many.jsonl'), many.join(''))
    const out = join(folder, 'out', 'captions.jsonl')
    const stopped = await run(['--from', 'many.jsonl'], {
      onStart: (child) => {
        const watch = setInterval(() => {
          if (!existsSync(out) || readFileSync(out, 'utf8').split('\n').length <= 3) return
          clearInterval(watch)
          child.kill('SIGINT')
        }, 20)
      },
    })
    expect(stopped.code).toBe(130)
    const stored = await captions()
    expect(stored.length).toBeGreaterThanOrEqual(3)
    expect(stored.length).toBeLessThan(60)
    expect((await run(['--from', 'many.jsonl'])).code).toBe(0)
    const all = await captions()
    expect(all.slice(0, stored.length)).toEqual(stored)
    expect(new Set(all.map(({ key }) => key)).size).toBe(60)
    expect(all).toHaveLength(60)
  })

  it.each([
    ['paths in addition to a list', ['a.gif', '--from', 'list.txt'], 'not both'],
    ['options of lists without a list', ['a.gif', '--limit', '3'], "requires '--from LIST'"],
    ['workers without a list', ['a.gif', '--workers', '2'], "requires '--from LIST'"],
    ['no workers', ['--from', 'list.txt', '--workers', '0'], 'from 1 to 256'],
    ['an invalid shard', ['--from', 'list.txt', '--shard', '3/2'], '2/8'],
    ['options for single clips', ['--from', 'list.txt', '--sidecar', 'txt'], 'cannot be used with'],
    ['a clip instead of a list', ['--from', 'a.gif'], 'requires a list of clips'],
  ])('rejects %s as wrong usage', async (_, args, message) => {
    const { code, stderr } = await run(args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
