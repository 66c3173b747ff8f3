import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { predictionSchema } from '../../../src/bench/prediction.ts'
import { modelHashes } from '../../../src/bench/run/tarsier-settings.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DemoServers } from '../../helpers/demo-servers.ts'
import { ModelServer } from '../../helpers/model-server.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'

const examples = resolve('resources/examples')
const manifest = await readManifest(resolve('resources/models/demo'))

let scratch: ScratchFolder
let servers: DemoServers
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  servers = await DemoServers.open()
  await writeFile(scratch.path('annotations.jsonl'), line(0, 'red-circle-right-then-grows') + line(1, 'blue-square-spins', 'There is'))
})
afterAll(async () => {
  await servers[Symbol.asyncDispose]()
  await rm(scratch.directory, { recursive: true, force: true })
})

function line(idx: number, vid: string, answerPrefix = ''): string {
  const question = [
    { type: 'video', video: { video_file: '<placeholder>' } },
    { type: 'text', text: `Describe video ${idx}.` },
  ]
  const begun = answerPrefix === '' ? [] : [{ type: 'text', text: answerPrefix }]
  const messages = [
    { role: 'user', content: question },
    { role: 'assistant', content: [...begun, { type: 'text', text: '', reference: `${idx}` }] },
  ]
  return `${JSON.stringify({ messages, dataset: 'DREAM/movie', task: 'video/caption', idx, vid })}\n`
}

const run = (out: string, engine: 'openai' | 'tarsier', ...args: string[]) =>
  runCli(
    [
      ...[
        'bench',
        'run',
        'dream',
        '--annotations',
        'annotations.jsonl',
        '--videos',
        examples,
        '--out',
        out,
        '--home',
        scratch.path('home'),
      ],
      ...['-m', 'demo', '--frames', '4', '--max-tokens', '24', '--engine', engine, ...args],
    ],
    { cwd: scratch.directory },
  )

async function predictionsIn(out: string) {
  const lines = jsonLines(await readFile(scratch.path(join(out, 'dream/predictions.jsonl')), 'utf8')).map((row) =>
    predictionSchema.parse(row),
  )
  return lines.sort((a, b) => Number(a.idx) - Number(b.idx))
}

describe('bench run with an imported model on servers', () => {
  it("sends the engine's frames, and stores the model and its frames as a local run does", async () => {
    await using server = await servers.start()
    expect(await run('exact', 'openai', '--base-url', server.url)).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('[') as string,
    })
    expect(await run('local', 'tarsier', '--device', 'cpu')).toMatchObject({ code: 0 })
    const exact = await predictionsIn('exact')
    expect(exact.map(({ prediction }) => prediction)).toEqual(['8 pictures: Describe video 0.', '8 pictures: Describe video 1.'])
    const seenOf = ({ used, key, video, prompt, begun }: (typeof exact)[number]) => {
      const { model, files, frames, width, height, generation } = used ?? {}
      return { key, video, prompt, begun, model, files, frames, width, height, generation }
    }
    expect(exact.map(seenOf)).toEqual((await predictionsIn('local')).map(seenOf))
    expect(server.seen.find(({ body }) => body.continue_final_message)?.body.messages.at(-1)).toEqual({
      role: 'assistant',
      content: 'There is',
    })
    const { settings } = JSON.parse(await readFile(scratch.path('exact/dream/run.json'), 'utf8')) as { settings: object }
    expect(settings).toMatchObject({ engine: 'openai', model: 'demo', files: modelHashes(manifest), frames: 4, pictures: 'png' })
    const other = await run('exact', 'openai', '--base-url', server.url, '--pictures', 'jpeg')
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/pictures was "png" and is "fine-jpeg".*\[bench-mismatch\]/) as string,
    })
  })

  it('is refused if a server counts other tokens', async () => {
    await using server = await servers.start({ misbehave: () => ({ kind: 'tokens', more: 3 }) })
    const refused = await run('other', 'openai', '--base-url', server.url)
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/counts \d+ tokens where demo has \d+.*\[model-mismatch\]/) as string,
    })
  })

  it('sends what any server accepts on request, and tells which options need exact frames', async () => {
    await using server = await ModelServer.start(() => ({ kind: 'say', text: 'A circle.' }))
    expect(await run('images', 'openai', '--base-url', server.url, '--send', 'frames')).toMatchObject({ code: 0 })
    const [user] = server.received[0]?.body.messages ?? []
    expect(Array.isArray(user?.content) && user.content.map(({ type }) => type)).toEqual([...Array<string>(4).fill('image_url'), 'text'])
    const wrong: [string[], RegExp][] = [
      [['--send', 'frames', '--pictures', 'png'], /--pictures is for an imported model/],
      [['-m', 'qwen', '--server-model', 'large'], /--server-model is for an imported model/],
      [['--begun', 'omit'], /With --send exact the servers continue the beginning/],
      [['-m', 'qwen', '--send', 'exact'], /The model "qwen" does not exist/],
    ]
    for (const [args, message] of wrong) expect((await run('wrong', 'openai', '--base-url', server.url, ...args)).stderr).toMatch(message)
    expect((await run('wrong', 'tarsier', '--server-model', 'large')).stderr).toContain(
      "option '--server-model' requires '--engine openai'",
    )
  })
})
