import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { predictionSchema } from '../../../src/bench/prediction.ts'
import { DemoServers } from '../../helpers/demo-servers.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

const examples = resolve('resources/examples')
let folder: string
let servers: DemoServers

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-servers-'))
  servers = await DemoServers.open()
})
afterAll(async () => {
  await servers[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe.skipIf(!hasPostgres)(withServer('jobs of an imported model on servers'), { timeout: 600_000 }, () => {
  const { database } = queueServer()
  const commands = (TARSIER_QUEUE: string) => {
    const env = { TARSIER_QUEUE, TARSIER_HOME: join(folder, 'home') }
    return (...args: string[]) => runCli(args, { env, cwd: folder })
  }
  const linesOf = async (name: string) =>
    jsonLines(await readFile(join(folder, name), 'utf8')).map((line) => {
      const { used, ...prediction } = predictionSchema.parse(line)
      return { ...prediction, used: used && { ...used, seconds: 0 } }
    })

  test('are done by workers with servers, which get the exact frames', async () => {
    const cli = commands(await database())
    await using first = await servers.start({ model: 'large' })
    await using second = await servers.start({ model: 'large' })
    const urls = ['--base-url', first.url, '--base-url', second.url, '--server-model', 'large']
    const clips = ['red-circle-right-then-grows', 'blue-square-spins', 'purple-cross-appears-then-left', 'no-such-clip']
    await writeFile(join(folder, 'list.txt'), clips.map((clip) => `${join(examples, `${clip}.mp4`)}\n`).join(''))
    const submit = (...args: string[]) => cli('jobs', 'submit', 'list.txt', '--name', 'list', '--engine', 'openai', ...args)
    expect(await submit()).toMatchObject({ code: 0, stdout: 'list: 4 added\n' })
    expect(await submit()).toMatchObject({ code: 0, stdout: 'list: 0 added, 4 were there\n' })
    expect(await submit('--pictures', 'jpeg')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('pictures was "png" and is "fine-jpeg"') as string,
    })
    // A worker with its own engine leaves the job alone.
    expect(await cli('worker', '--drain', '--device', 'cpu')).toMatchObject({ code: 0, stdout: '0 done, 0 failed\n' })
    expect(await cli('worker', '--drain', '--engine', 'openai', ...urls)).toMatchObject({ code: 0, stdout: '3 done, 1 failed\n' })
    await cli('jobs', 'export', 'list', '-o', 'shared.jsonl', '--overwrite')
    await cli('describe', '--from', 'list.txt', '--out', 'alone.jsonl', '--engine', 'openai', ...urls)
    const shared = await linesOf('shared.jsonl')
    const alone = await linesOf('alone.jsonl')
    const withoutDevice = (lines: typeof shared) =>
      lines.map(({ used, ...rest }) => ({ ...rest, used: used && { ...used, device: '' } })).sort((a, b) => (a.key < b.key ? -1 : 1))
    expect(withoutDevice(shared)).toEqual(withoutDevice(alone))
    expect(shared.filter(({ error }) => error).map(({ error }) => error?.code)).toEqual(['file-missing'])
    expect(shared[0]?.prediction).toMatch(/^\d+ pictures: /)
  })

  test('wait for servers that see the same frames, and fail no clip on others', async () => {
    const cli = commands(await database())
    await cli('jobs', 'submit', join(examples, 'blue-square-spins.mp4'), '--name', 'other', '--engine', 'openai', '--send', 'exact')
    await using other = await servers.start({ misbehave: () => ({ kind: 'tokens', more: 3 }) })
    const refused = await cli('worker', '--drain', '--engine', 'openai', '--base-url', other.url)
    expect(refused).toMatchObject({
      code: 1,
      stdout: '0 done, 0 failed\n',
      stderr: expect.stringMatching(/counts \d+ tokens where demo has \d+.*\[model-mismatch\]/) as string,
    })
    await using server = await servers.start()
    const shared = [
      'bench',
      'run',
      'moving-shapes-dream',
      '--limit',
      '2',
      '--engine',
      'openai',
      '-m',
      'demo',
      '--base-url',
      server.url,
      '--max-tokens',
      '32',
    ]
    expect(await cli(...shared, '--out', 'run', '--queue', await database())).toMatchObject({ code: 0 })
    expect(await cli('worker', '--drain', '--engine', 'openai', '--base-url', server.url)).toMatchObject({ stdout: '1 done, 0 failed\n' })
    const [line] = await linesOf('run/moving-shapes-dream/predictions.jsonl')
    expect(line?.used).toMatchObject({ engine: 'openai', model: 'demo', device: server.url })
    expect(Object.keys(line?.used?.files ?? {})).toEqual(['language.gguf', 'vision.onnx'])
  })

  test.each(['events', 'check'])('are refused for %s', async (task) => {
    const cli = commands(await database())
    const source = task === 'check' ? 'texts.jsonl' : examples
    await writeFile(join(folder, 'texts.jsonl'), `${JSON.stringify({ video: 'blue-square-spins.mp4', text: 'A blue square spins.' })}\n`)
    expect(await cli('jobs', 'submit', source, '--name', 'texts', '--task', task, '--engine', 'openai')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Servers do not tell how likely a given text is') as string,
    })
  })
})
