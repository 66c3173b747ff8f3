import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { deviceTestSchema } from '../../../src/shared/device-tests.ts'
import { runCli } from './run-cli.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-usage-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

describe('wrong usage', () => {
  it.each([
    [['descrbe', 'a.mp4'], 'Did you mean describe?'],
    [['describe', '--frmes', '3', 'a.mp4'], 'Did you mean --frames?'],
    [['describe'], 'path'],
    [['describe', 'a.mp4', '--frames', '0'], 'from 1 to 256'],
    [['describe', 'a.mp4', '--temperature', '-1'], 'from 0 to 2'],
    [['describe', 'a.mp4', '--device', 'gpu'], 'webgpu'],
    [['describe', 'a.mp4', '--at', '1', '--start', '2'], '--start'],
    [['describe', 'a.mp4', '--skip-existing'], '--sidecar'],
    [['trace', 'a.mp4', '--out', 'x', '--temperature', '1'], 'It must be 0'],
    [['models', 'import', 'x'], '--name'],
    [['bench', 'eval', 'x', '--judge', 'local:'], 'local:PATH.gguf'],
  ])('%j exits with 2 and prints %j', async (args, hint) => {
    const { code, stdout, stderr } = await runCli(args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(hint)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

describe('help and version', () => {
  it('prints only the version on stdout', async () => {
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
  })

  it.each([
    ['describe'],
    ['chat'],
    ['trace'],
    ['doctor'],
    ['serve'],
    ...['status', 'install', 'remove'].map((command) => ['gpu', command]),
    ...['list', 'catalogue', 'import', 'export', 'show', 'verify', 'rename', 'remove', 'path'].map((command) => ['models', command]),
    ...['prepare', 'run', 'merge', 'eval'].map((command) => ['bench', command]),
  ])('documents every option of %s %s', async (...command) => {
    const { code, stdout } = await runCli([...command, '--help'])
    expect(code).toBe(0)
    // An option without a description would be alone on its line.
    const options = stdout.split('\n').filter((line) => /^ {2}(-\w, )?--/.test(line))
    expect(options.length).toBeGreaterThan(0)
    for (const line of options) expect(line).toMatch(/^ {2}(-\w, )?--[\w-]+( <[^>]+>)? {2,}\S/)
  })
})

describe('doctor', () => {
  const probe = z.object({ name: z.string(), works: z.boolean(), detail: z.string().min(1) }).strict()
  const report = z
    .object({
      app: z.string(),
      node: z.string(),
      platform: z.string(),
      cpu: z.object({ model: z.string(), cores: z.int().positive() }).strict(),
      memory: z.object({ total: z.int().positive(), free: z.int().positive() }).strict(),
      data: z
        .object({ home: z.string(), models: z.string(), cache: z.string(), cacheBytes: z.literal(0), diskFree: z.int().nullable() })
        .strict(),
      gpuPack: z.object({ card: z.boolean(), parts: z.array(z.object({})), folder: z.string(), problem: z.string().nullable() }).strict(),
      models: z.array(z.object({ name: z.string(), path: z.string(), bytes: z.int(), problem: z.string().nullable() }).strict()),
      engines: z
        .object({
          media: probe,
          images: probe,
          vision: z.object({ version: z.string(), devices: z.array(probe) }).strict(),
          language: z.object({ version: z.string(), llamaCpp: z.string(), devices: z.array(probe) }).strict(),
        })
        .strict(),
      crashes: z.array(z.unknown()).length(0),
      neverConnect: z.null(),
      deviceTests: z.array(deviceTestSchema),
      advice: z.array(z.string()),
    })
    .strict()

  it('reports the state of this machine and creates no folder', async () => {
    const folder = join(home, 'not-there')
    const { code, stdout } = await runCli(['doctor', '--json', '--home', folder])
    const { engines, data } = report.parse(JSON.parse(stdout))
    expect(code).toBe(0)
    expect(data.home).toBe(folder)
    expect(engines.media.works && engines.images.works).toBe(true)
    for (const devices of [engines.vision.devices, engines.language.devices])
      expect(devices).toContainEqual(expect.objectContaining({ name: 'cpu', works: true }))
  })

  it('prints the report as text', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--home', home])
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toContain(home)
    expect(stdout).toMatch(/llama\.cpp v\d/)
    expect(stdout).toMatch(/cpu +yes: /)
  })
})
