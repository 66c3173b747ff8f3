import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { canInterrupt } from '../../helpers/signals.ts'
import { writeClip, writePicture, writeSound } from './clips.ts'
import { jsonLines, runCli } from './run-cli.ts'
import { makeTinyModel } from './tiny-model.ts'

let folder: string
let home: string
/** Arguments of every run: the tiny model and a separate home folder. */
let common: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-describe-'))
  home = join(folder, 'home')
  await makeTinyModel(home, 'tiny')
  common = ['--model', 'tiny', '--home', home, '--device', 'cpu', '--max-tokens', '8', '--frames', '6']
  await writeClip(join(folder, 'clip.gif'))
  await writePicture(join(folder, 'picture.png'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = (args: readonly string[], options: Parameters<typeof runCli>[1] = {}) =>
  runCli(['describe', ...common, ...args], { cwd: folder, ...options })

const millisecond = z.number().min(0)
const described = z
  .object({
    file: z.string(),
    description: z.string(),
    model: z.literal('tiny'),
    frames: z.array(z.object({ index: z.int(), time: z.number() }).strict()).min(1),
    width: z.int().positive(),
    height: z.int().positive(),
    tokens: z.object({ visual: z.int().positive(), prompt: z.int().positive(), generated: z.int().min(0) }).strict(),
    timings: z
      .object({
        probe: millisecond,
        decode: millisecond,
        encode: millisecond,
        prefill: millisecond,
        firstToken: millisecond,
        generate: millisecond,
        total: millisecond,
      })
      .strict(),
    device: z.object({ vision: z.enum(['cpu', 'not needed']), language: z.string() }).strict(),
    finish: z.enum(['end', 'stop', 'length', 'repetition']),
  })
  .strict()
const failed = z.object({ file: z.string(), error: z.object({ code: z.string(), message: z.string().min(10) }).strict() }).strict()

describe('describe --json', () => {
  it('prints a line of the documented form with the requested frames', async () => {
    const { code, stdout, stderr } = await run(['clip.gif', '--json', '--frames', '4', '--no-cache'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const line = described.parse(JSON.parse(stdout))
    expect(line.file).toBe('clip.gif')
    expect(line.frames.map(({ index }) => index)).toEqual([0, 4, 7, 11])
    expect(line.tokens.generated).toBeLessThanOrEqual(8)
    expect(line.timings.total).toBeGreaterThan(0)
  })

  it('reports an error with its code per file and continues', async () => {
    const bad = join(folder, 'bad')
    await mkdir(join(bad, 'nothing-here'), { recursive: true })
    await writeFile(join(bad, 'empty.mp4'), '')
    await writeFile(join(bad, 'text.mp4'), 'This is not a film, whatever its name says.\n'.repeat(50))
    await writeSound(join(bad, 'sound.wav'))
    await writeFile(join(bad, 'cut.png'), (await readFile(join(folder, 'picture.png'))).subarray(0, 40))
    const { code, stdout, stderr } = await run([
      'bad/missing.mp4',
      'bad/empty.mp4',
      'bad/text.mp4',
      'bad/sound.wav',
      'bad/cut.png',
      'bad/nothing-here',
      'picture.png',
      '--json',
    ])
    const lines = jsonLines(stdout)
    expect(code).toBe(1)
    expect(lines.slice(0, -1).map((line) => failed.parse(line).error.code)).toEqual([
      'file-missing',
      'file-empty',
      'not-media',
      'no-video',
      expect.stringMatching(/^(not-media|no-frames)$/),
      'nothing-found',
    ])
    expect(described.parse(lines.at(-1)).file).toBe('picture.png')
    expect(stderr.trim().split('\n')).toHaveLength(6)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it.each([
    ['a range of no length', ['--start', '0.5', '--end', '0.5']],
    ['a range past the end', ['--start', '90']],
  ])('rejects %s with invalid-range', async (_, range) => {
    const { code, stdout } = await run(['clip.gif', '--json', ...range])
    expect(code).toBe(1)
    expect(failed.parse(JSON.parse(stdout)).error.code).toBe('invalid-range')
  })

  it('reports a missing or damaged model for each clip', async () => {
    const missing = await run(['clip.gif', 'picture.png', '--json', '--model', 'gone'])
    expect(missing.code).toBe(1)
    expect(jsonLines(missing.stdout).map((line) => failed.parse(line).error.code)).toEqual(['model-missing', 'model-missing'])
    expect(missing.stderr).toContain('tiny')

    const damaged = join(folder, 'damaged')
    await cp(join(home, 'models', 'tiny'), damaged, { recursive: true })
    const language = (await readdir(damaged)).find((name) => name.endsWith('.gguf')) ?? 'none'
    await truncate(join(damaged, language), 1000)
    const cut = await run(['clip.gif', '--json', '--model', damaged])
    expect(cut.code).toBe(1)
    expect(failed.parse(JSON.parse(cut.stdout)).error.code).toBe('model-damaged')
    expect(cut.stderr).not.toMatch(/^\s+at /m)
  })
})

describe('describe as text', () => {
  it('prints the description of a single clip alone, as --json has it, and heads several with their names', async () => {
    const json = described.parse(JSON.parse((await run(['clip.gif', '--json'])).stdout))
    const one = await run(['clip.gif'])
    expect(one).toEqual({ code: 0, stdout: `${json.description}\n`, stderr: '' })
    const several = await run(['clip.gif', 'picture.png'])
    expect(several.code).toBe(0)
    expect(several.stdout.startsWith(`clip.gif\n${json.description}\n\npicture.png\n`)).toBe(true)
  })

  it('ends without an error when stdout is closed', async () => {
    const { code, stderr } = await run(['clip.gif', 'picture.png', 'clip.gif', '--max-tokens', '64'], {
      onOutput: (child) => child.stdout?.destroy(),
    })
    expect(code).toBe(0)
    expect(stderr).toBe('')
  })
})

describe('describe --sidecar txt', () => {
  it('writes a text beside each clip, and skips, rejects or overwrites existing ones as requested', async () => {
    const clips = join(folder, 'clips')
    await writeClip(join(clips, 'a.gif'))
    await writePicture(join(clips, 'a.png'))
    await writePicture(join(clips, 'sub', 'b.png'))
    const first = await run(['clips', '--sidecar', 'txt', '--json'])
    expect(first.code).toBe(0)
    expect((await readdir(clips)).sort()).toEqual(['a.gif', 'a.gif.txt', 'a.png', 'a.png.txt', 'sub'])
    expect((await readdir(join(clips, 'sub'))).sort()).toEqual(['b.png', 'b.txt'])
    const line = described.parse(jsonLines(first.stdout).at(-1))
    expect(await readFile(join(clips, 'sub', 'b.txt'), 'utf8')).toBe(`${line.description}\n`)

    await writeFile(join(clips, 'sub', 'b.txt'), 'mine')
    expect(await run(['clips', '--sidecar', 'txt', '--skip-existing'])).toEqual({ code: 0, stdout: '', stderr: '' })
    const refused = await run(['clips/sub', '--sidecar', 'txt', '--json'])
    expect(refused.code).toBe(1)
    expect(failed.parse(JSON.parse(refused.stdout)).error.code).toBe('write-failed')
    expect(await readFile(join(clips, 'sub', 'b.txt'), 'utf8')).toBe('mine')
    expect((await run(['clips/sub', '--sidecar', 'txt', '--overwrite'])).code).toBe(0)
    expect(await readFile(join(clips, 'sub', 'b.txt'), 'utf8')).toBe(`${line.description}\n`)
  })

  it('writes one text per clip when base names are equal, in every combination, with and without --overwrite', async () => {
    const clips = join(folder, 'same-names')
    for (const name of ['a.gif', 'a.png', 'a.gif.webp', 'copy.gif']) await writeClip(join(clips, name))
    const texts = ['a.gif.txt', 'a.gif.webp.txt', 'a.png.txt']
    const written = async () => (await readdir(clips)).filter((name) => name.endsWith('.txt')).sort()
    expect((await run(['same-names/a.gif', 'same-names/a.gif.webp', '--sidecar', 'txt'])).code).toBe(0)
    expect(await written()).toEqual(texts.slice(0, 2))
    expect((await run(['same-names/a.png', '--sidecar', 'txt'])).code).toBe(0)
    expect(await written()).toEqual(texts)
    // A copy under another name is a separate clip.
    const { code, stdout } = await run(['same-names', '--sidecar', 'txt', '--overwrite', '--json'])
    expect(code).toBe(0)
    expect(jsonLines(stdout).map((line) => described.parse(line).file)).toEqual(
      ['a.gif', 'a.gif.webp', 'a.png', 'copy.gif'].map((name) => join('same-names', name)),
    )
    expect(await written()).toEqual([...texts, 'copy.txt'])
  })

  it.skipIf(!canInterrupt)('exits with 130 at Ctrl-C, keeps finished texts and leaves no partial one', async () => {
    const clips = join(folder, 'many')
    for (let i = 10; i < 40; i += 1) await writeClip(join(clips, `${i}.gif`))
    let sent = false
    const { code, stdout, stderr } = await run(['many', '--sidecar', 'txt', '--json', '--no-cache', '--max-tokens', '200'], {
      onOutput: (child) => {
        if (!sent) child.kill('SIGINT')
        sent = true
      },
    })
    expect(code).toBe(130)
    expect(stderr).toBe('')
    const done = jsonLines(stdout).map((line) => described.parse(line))
    expect(done.length).toBeGreaterThanOrEqual(1)
    expect(done.length).toBeLessThan(30)
    const written = (await readdir(clips)).filter((name) => !name.endsWith('.gif')).sort()
    expect(written).toEqual(done.map(({ file }) => file.slice('many/'.length).replace('.gif', '.txt')))
    for (const { file, description } of done)
      expect(await readFile(join(folder, file.replace('.gif', '.txt')), 'utf8')).toBe(`${description}\n`)
  })
})
