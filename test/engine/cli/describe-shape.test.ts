import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { predictionSchema } from '../../../src/bench/prediction.ts'
import { example } from '../service/run-service.ts'
import { jsonLines, runCli } from './run-cli.ts'

let folder: string
let common: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-shape-'))
  common = ['--home', join(folder, 'home'), '--device', 'cpu']
  await copyFile(example('orange-star-shrinks-cyan-circle-still.mp4'), join(folder, 'clip.mp4'))
  await writeFile(join(folder, 'rules.json'), JSON.stringify({ name: 'mine', bannedOpenings: ['an|a'], maxSentences: 1, prefix: 'sks,' }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = (...args: readonly string[]) => runCli(['describe', ...common, ...args], { cwd: folder })

describe('describe --shape', () => {
  it('prints the caption, and keeps both texts in JSON and in the sidecar', async () => {
    const { code, stdout, stderr } = await run('clip.mp4', '--shape', 'rules.json', '--json', '--sidecar', 'json')
    expect([code, stderr]).toEqual([0, ''])
    const line = JSON.parse(stdout) as { readonly description: string; readonly shaped: { readonly text: string } }
    expect(line.description).toMatch(/^An orange star .*\. .*\.$/)
    const first = line.description.slice('An o'.length, line.description.indexOf('. ') + 1)
    expect(line.shaped).toMatchObject({ shape: 'mine', text: `sks, O${first}`, unmet: [], notices: [] })
    expect(JSON.parse(await readFile(join(folder, 'clip.json'), 'utf8'))).toEqual(line)

    const text = await run('clip.mp4', '--shape', 'rules.json', '--prefix', 'ohwx', '--sidecar', 'txt')
    expect(text).toMatchObject({ code: 0, stdout: `ohwx O${first}\n`, stderr: '' })
    expect(await readFile(join(folder, 'clip.txt'), 'utf8')).toBe(text.stdout)
  })

  it('says which rule a caption does not keep', async () => {
    await writeFile(join(folder, 'short.json'), JSON.stringify({ maxWords: 2 }))
    const { code, stdout, stderr } = await run('clip.mp4', '--shape', 'short.json')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^An orange star [^.]*\.\n$/)
    expect(stderr).toMatch(/clip\.mp4: The first sentence alone makes \d+ words, more than the 2 that the shape allows/)
  })

  it('gives each caption of a list its shape, and resumes with no other', async () => {
    await writeFile(join(folder, 'list.txt'), 'clip.mp4\n')
    const list = ['--from', 'list.txt', '--out', 'out.jsonl']
    expect(await run(...list, '--shape', 'one-sentence')).toMatchObject({ code: 0, stderr: '' })
    const [line] = jsonLines(await readFile(join(folder, 'out.jsonl'), 'utf8')).map((value) => predictionSchema.parse(value))
    expect(line?.prediction?.startsWith(line?.shaped?.text ?? 'none')).toBe(true)
    expect(line?.shaped).toMatchObject({ shape: 'one-sentence', leftOut: expect.any(Number) })
    const other = await run(...list, '--shape', 'one-line')
    expect(other.code).toBe(1)
    expect(other.stderr).toMatch(/shape was .*\[bench-mismatch\]/s)
  })

  it('names what is wrong with a shape, before a model is loaded', async () => {
    await writeFile(join(folder, 'wrong.json'), JSON.stringify({ maxWord: 3 }))
    expect(await run('clip.mp4', '--shape', 'wrong.json')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/wrong\.json.*maxWord/),
    })
    await writeFile(join(folder, 'wrong.json'), '{')
    expect(await run('clip.mp4', '--shape', 'wrong.json')).toMatchObject({ code: 2, stderr: expect.stringMatching(/not JSON/) })
    expect(await run('clip.mp4', '--shape', 'longish')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/longish does not exist.*short-caption/),
    })
    expect(await run('clip.mp4', '--prefix', 'sks')).toMatchObject({ code: 2, stderr: expect.stringMatching(/--shape/) })
  })
})
