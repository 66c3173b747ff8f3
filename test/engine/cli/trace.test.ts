import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { writeClip } from './clips.ts'
import { jsonLines, runCli } from './run-cli.ts'
import { makeTinyModel } from './tiny-model.ts'

let folder: string
let home: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-trace-'))
  home = join(folder, 'home')
  await makeTinyModel(home, 'tiny')
  await writeClip(join(folder, 'clip.gif'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const traceSchema = z
  .object({
    clip: z.string(),
    model: z.literal('tiny'),
    indices: z.array(z.int()),
    times: z.array(z.number()),
    grid: z.tuple([z.int(), z.int(), z.int()]),
    prompt: z.literal('What moves?'),
    tokens: z.array(z.int().min(-1)),
    generated: z.array(z.int().min(0)).max(5),
    text: z.string(),
    device: z.object({ vision: z.string(), language: z.string(), fallbacks: z.array(z.string()) }).strict(),
  })
  .strict()

describe('trace', () => {
  it('writes both files and names them', async () => {
    const out = join(folder, 'out', 'deep')
    const args = [
      'trace',
      'clip.gif',
      '--model',
      'tiny',
      '--home',
      home,
      '--device',
      'cpu',
      '--frames',
      '3',
      '--max-tokens',
      '5',
      '-p',
      'What moves?',
    ]
    const { code, stdout, stderr } = await runCli([...args, '--temperature', '0', '--out', out, '--overwrite'], { cwd: folder })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toBe(`${join(out, 'trace.json')}\n${join(out, 'tensors.safetensors')}\n`)
    const trace = traceSchema.parse(JSON.parse(await readFile(join(out, 'trace.json'), 'utf8')))
    expect(trace.indices).toHaveLength(3)
    expect(trace.grid[0]).toBe(3)
    expect(trace.tokens.filter((token) => token === -1)).toHaveLength((trace.grid[0] * trace.grid[1] * trace.grid[2]) / 4)
    expect((await stat(join(out, 'tensors.safetensors'))).size).toBeGreaterThan(3 * 28 * 28 * 3)
    const again = await runCli([...args, '--out', out], { cwd: folder })
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/already exists.*\(--overwrite\) \[write-failed\]/) as string })
  })

  it('exits with 1 and writes nothing when the clip is missing', async () => {
    const out = join(folder, 'none')
    const { code, stderr } = await runCli(['trace', 'gone.gif', '--model', 'tiny', '--home', home, '--device', 'cpu', '--out', out], {
      cwd: folder,
    })
    expect(code).toBe(1)
    expect(stderr).toContain('[file-missing]')
    await expect(stat(out)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('models list', () => {
  it('lists the model with its properties', async () => {
    const { code, stdout } = await runCli(['models', 'list', '--json', '--home', home])
    expect(code).toBe(0)
    const tiny = jsonLines(stdout).find((line) => (line as { name?: unknown }).name === 'tiny')
    expect(tiny).toMatchObject({ family: 'tarsier2', path: join(home, 'models', 'tiny'), bytes: expect.any(Number) })
  })
})
