import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Prediction, predictionSchema } from '../../../src/bench/prediction.ts'
import { ModelServer } from '../../helpers/model-server.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { type CliOptions, runCli } from './run-cli.ts'

const examples = fileURLToPath(new URL('../../../resources/examples/', import.meta.url))
const clips = ['red-circle-right-then-grows', 'blue-square-spins', 'purple-cross-appears-then-left']

function line(idx: number, vid: string, answerPrefix = ''): string {
  return `${JSON.stringify({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'video', video: { video_file: '<placeholder>' } },
          { type: 'text', text: 'Describe the video in detail.' },
        ],
      },
      {
        role: 'assistant',
        content: [...(answerPrefix === '' ? [] : [{ type: 'text', text: answerPrefix }]), { type: 'text', text: '', reference: `${idx}` }],
      },
    ],
    dataset: 'DREAM/movie',
    task: 'video/caption',
    idx,
    vid,
  })}\n`
}

let scratch: ScratchFolder
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  await writeFile(
    scratch.path('annotations.jsonl'),
    line(0, clips[0] ?? '') + line(1, 'gone') + line(2, clips[1] ?? '') + line(3, clips[2] ?? '', 'There is'),
  )
})
afterAll(() => rm(scratch.directory, { recursive: true, force: true }))

const common = ['--annotations', 'annotations.jsonl', '--videos', examples]
const run = (args: readonly string[], options: CliOptions = {}) => runCli(['bench', 'run', ...args], { cwd: scratch.directory, ...options })
const demo = (out: string, ...args: string[]) =>
  run(['dream', ...common, '--out', out, '--home', scratch.path('home'), '--device', 'cpu', '--frames', '4', '--max-tokens', '24', ...args])

async function written(out: string): Promise<Prediction[]> {
  const text = await readFile(scratch.path(join(out, 'dream/predictions.jsonl')), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((row) => predictionSchema.parse(JSON.parse(row)))
}

describe('bench run with the engine', () => {
  it('answers every sample, resumes, and rejects changed settings unless --new is given', async () => {
    const first = await demo('runs', '--limit', '2')
    expect(first.stdout).toMatch(/^dream: 2 samples, 1 answered, 1 failed: /)
    expect(first.stderr).toMatch(/DREAM\/movie-1: .*video "gone" was not found.*\[file-missing\]/)
    expect(first.code).toBe(1)
    const before = await readFile(scratch.path('runs/dream/predictions.jsonl'))
    const second = await demo('runs', '--upstream')
    expect(second.stderr).toContain('2 samples already done, 2 left')
    expect((await readFile(scratch.path('runs/dream/predictions.jsonl'))).subarray(0, before.length)).toEqual(before)
    const predictions = await written('runs')
    expect(predictions.map(({ idx, error }) => [idx, error?.code ?? null])).toEqual([
      [0, null],
      [1, 'file-missing'],
      [2, null],
      [3, null],
    ])
    expect(predictions[0]).toMatchObject({
      prediction: expect.stringContaining('red circle') as string,
      video: join(examples, `${clips[0]}.mp4`),
      used: {
        engine: 'tarsier',
        model: 'demo',
        generation: { maxTokens: 24, temperature: 0, topP: 1 },
        device: 'vision cpu, language cpu',
      },
    })
    expect(predictions[0]?.used?.frames).toHaveLength(4)
    expect(Object.keys(predictions[0]?.used?.files ?? {})).toEqual(['language.gguf', 'vision.onnx'])
    expect(predictions[3]).toMatchObject({ begun: 'There is', prediction: expect.stringMatching(/^ /) as string })
    const upstream = (await readFile(scratch.path('runs/dream/upstream/predictions.jsonl'), 'utf8')).trim().split('\n')
    expect(
      upstream.map((row) => (JSON.parse(row) as { messages: { content: { text: string }[] }[] }).messages[1]?.content.at(-1)?.text),
    ).toEqual(predictions.map(({ prediction }) => prediction ?? '<error>'))

    const other = await demo('runs', '--max-pixels', '5000')
    expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/max-pixels was null and is 5000.*\[bench-mismatch\]/) as string })
    expect(await written('runs')).toEqual(predictions)
    const restarted = await demo('runs', '--max-pixels', '5000', '--limit', '1', '--new')
    expect(restarted).toMatchObject({ code: 0, stderr: expect.stringMatching(/was moved to .*runs[\\/]old[\\/]dream /) as string })
    expect(await written('runs')).toHaveLength(1)
    const moved = /moved to (.*)\n/.exec(restarted.stderr)?.[1] ?? ''
    expect((await readFile(join(moved, 'predictions.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(4)
  }, 600_000)
})

describe('bench run with a server', () => {
  const server = (out: string, url: string, ...args: string[]) =>
    run(
      [
        'dream',
        ...common,
        '--out',
        out,
        '--engine',
        'openai',
        '--model',
        'qwen',
        '--base-url',
        url,
        '--send',
        'path',
        '--workers',
        '2',
        ...args,
      ],
      {
        env: { OPENAI_API_KEY: 'sk-secret-key' },
      },
    )

  it('retries failures on request, in shards that can be merged, and never stores the key', async () => {
    let works = false
    await using there = await ModelServer.start(({ prompt }) =>
      works ? { kind: 'say', text: `to ${prompt}` } : { kind: 'fail', status: 400, message: 'not today, sk-secret-key' },
    )
    const failed = await server('whole', there.url)
    expect(failed.code).toBe(1)
    expect((await written('whole')).map(({ error }) => error?.code).sort()).toEqual([
      'file-missing',
      ...Array<string>(3).fill('model-failed'),
    ])
    works = true
    const again = await server('whole', there.url)
    expect(again.stderr).toContain('4 samples already done, 0 left')
    const retried = await server('whole', there.url, '--retry-failed')
    expect(retried.stdout).toMatch(/4 samples, 3 answered, 1 failed/)
    expect((await written('whole')).map(({ idx }) => idx).sort()).toEqual([0, 1, 2, 3])
    expect(
      JSON.stringify([failed, again, retried, await written('whole'), await readFile(scratch.path('whole/dream/run.json'), 'utf8')]),
    ).not.toContain('sk-secret')

    for (const part of ['1/2', '2/2']) await server(`part-${part[0]}`, there.url, '--shard', part)
    const merged = await runCli(['bench', 'merge', 'part-1', 'part-2', '-o', 'joined'], { cwd: scratch.directory })
    expect(merged).toMatchObject({ code: 0, stdout: 'dream: 4 samples, 3 answered, 1 failed\n' })
    const facts = (predictions: Prediction[]) => predictions.map(({ key, prediction }) => `${key} ${prediction}`).sort()
    expect(facts(await written('joined'))).toEqual(facts(await written('whole')))
    // The merged run can be resumed, too.
    expect((await server('joined', there.url)).stderr).toContain('4 samples already done, 0 left')
  }, 600_000)

  it('exits with its own status when the server is unreachable, and loses nothing', async () => {
    const stopped = await ModelServer.start(() => ({ kind: 'say', text: '' }))
    const { url } = stopped
    await stopped[Symbol.asyncDispose]()
    const { code, stderr } = await server('unreachable', url)
    expect(stderr).toMatch(/cannot be reached.*\[model-unavailable\]/)
    expect(code).toBe(69)
  }, 120_000)
})

describe('wrong usage of bench run', () => {
  it.each([
    [['--shard', '3/2'], 'I/N'],
    [['--workers', '0'], 'whole number'],
    [['--engine', 'openai'], '--model'],
    [['--engine', 'openai', '--model', 'm', '--send', 'video', '--frames', '4'], 'remove --frames'],
    [['nothing-like-it'], 'does not exist'],
    [[], '--annotations'],
  ])('%j', async (args, message) => {
    const { code, stderr } = await run([...args, '--out', 'x'])
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })

  it('names what its annotations lack', async () => {
    await scratch.write('broken.jsonl', `{"idx":\n${line(0, 'a')}`)
    const absent = await run(['tvbench', '--annotations', 'broken.jsonl', '--out', 'x'])
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining('[nothing-found]') as string })
  })
})
