import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_MODEL } from '../../../src/engine/models/registry.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'
import { ask, never, run, TinyEngines } from '../conversation/tiny-engine.ts'

let tiny: TinyEngines
beforeAll(async () => {
  tiny = await TinyEngines.make()
})
afterAll(() => tiny[Symbol.asyncDispose]())

const speeds = () => join(tiny.home, 'cache', 'speeds.json')
const request = (measure: boolean, fit = false) => ({
  clip: { ...tiny.clip('a.mp4', 8), fit },
  text: 'What is there?',
  maxTokens: 12,
  measure,
})

describe('estimate', () => {
  it('predicts the counts of a run, and no seconds before the first run of the model', async () => {
    const engine = tiny.start()
    const estimate = await engine.estimate(request(false), never)
    expect(estimate.seconds).toBeNull()
    expect(estimate.problem).toBeNull()
    const { answer } = await run(engine, ask('What is there?', tiny.clip('a.mp4', 8)))
    expect(answer.tokens).toMatchObject({ visual: estimate.tokens.visual, prompt: estimate.tokens.prompt })
    expect([answer.frames, answer.width, answer.height]).toEqual([estimate.frames, estimate.width, estimate.height])
    expect(estimate.tokens.context).toBe(answer.tokens.visual + answer.tokens.prompt + 12)
    const after = await engine.estimate(request(false), never)
    expect(after.seconds?.firstToken).toBeGreaterThan(0)
    expect(after.seconds?.all).toBeGreaterThan(after.seconds?.firstToken ?? Number.POSITIVE_INFINITY)
  })

  it('measures a new model, caches the result, and measures again when the cache is unreadable', async () => {
    const engine = tiny.start({ model: DEMO_MODEL })
    await mkdir(join(tiny.home, 'cache'), { recursive: true })
    await writeFile(speeds(), '{"version":1,"models":{"x":{"patch":-1}}}')
    expect((await engine.estimate(request(true), never)).seconds).not.toBeNull()
    expect(Object.keys(JSON.parse(await readFile(speeds(), 'utf8')).models)).toHaveLength(1)
    const again = tiny.start({ model: DEMO_MODEL })
    expect((await again.estimate(request(false), never)).seconds).not.toBeNull()
  })

  it('reports the refusal or the lowered settings of a run', async () => {
    const engine = tiny.start({ limits: { context: 90 } })
    const refused = await engine.estimate(request(true), never)
    const failure = await run(engine, ask('What is there?', request(true).clip)).catch((error: unknown) => error)
    expect(refused.problem?.code).toBe('context-full')
    expect(failure).toMatchObject({ ...refused.problem })
    const fitted = await engine.estimate(request(false, true), never)
    const { answer } = await run(engine, ask('What is there?', request(false, true).clip), 'fitted')
    expect(fitted.problem).toBeNull()
    expect(fitted.fitted).toEqual(answer.fitted)
    expect(fitted.tokens.visual).toBe(answer.tokens.visual)
  })
})

describe('describe --dry-run', () => {
  it('prints one line per clip and fails if a clip cannot be opened', async () => {
    const args = ['describe', tiny.path('a.mp4'), tiny.path('b.mkv'), tiny.path('gone.mp4'), '--home', tiny.home, '--dry-run', '--json']
    const { code, stdout } = await runCli([...args, '--device', 'cpu', '--frames', '4'])
    expect(code).toBe(1)
    const lines = jsonLines(stdout) as Record<string, unknown>[]
    expect(lines.map(({ fits }) => fits)).toEqual([true, true, undefined])
    expect(lines[0]).toMatchObject({ model: 'demo', tokens: { limit: 4096 }, seconds: { encode: expect.any(Number) }, problem: null })
    expect(lines[0]).not.toHaveProperty('description')
    expect(lines[2]).toMatchObject({ error: { code: 'file-missing' } })
  })

  it('prints readable text', async () => {
    const { code, stdout } = await runCli(['describe', tiny.path('a.mp4'), '--home', tiny.home, '--dry-run', '--device', 'cpu'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^frames {3}8 of \d+×\d+, \d+ tokens each\ntokens .*\nmemory .*\ntime .*\nIt fits\.\n$/)
  })
})
