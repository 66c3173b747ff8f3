import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { predictionSchema } from '../../../src/bench/prediction.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

const examples = resolve('resources/examples')
const red = join(examples, 'red-circle-right-then-grows.mp4')
const blue = join(examples, 'blue-square-spins.mp4')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-jobs-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.skipIf(!hasPostgres)(withServer('tarsier jobs and tarsier worker'), { timeout: 600_000 }, () => {
  const { server, database } = queueServer()
  const commands = (TARSIER_QUEUE: string, more: Readonly<Record<string, string>> = {}) => {
    const env = { TARSIER_QUEUE, TARSIER_HOME: join(folder, 'home'), ...more }
    return (...args: string[]) => runCli(args, { env, cwd: folder })
  }
  const local = ['--device', 'cpu']

  test('share a list of clips: exported lines are those of describe --from', async () => {
    const cli = commands(await database())
    await writeFile(join(folder, 'list.txt'), `${red}\n${blue}\n${join(folder, 'missing.mp4')}\n`)
    const submit = () => cli('jobs', 'submit', 'list.txt', '--name', 'list')
    expect(await submit()).toMatchObject({ code: 0, stdout: 'list: 3 added\n' })
    await appendFile(join(folder, 'list.txt'), `${join(examples, 'no-such.mp4')}\n`)
    expect(await submit()).toMatchObject({ code: 0, stdout: 'list: 1 added, 3 were there\n' })
    const other = await cli('jobs', 'submit', 'list.txt', '--name', 'list', '--frames', '4')
    expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/other settings: frames was \d+ and is 4.*\[queue-mismatch\]/) })
    expect(await cli('worker', '--drain', ...local)).toMatchObject({ code: 0, stdout: '2 done, 2 failed\n' })
    expect(await cli('jobs', 'show', 'list')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/done, describe with demo, 4 of 4 clips, 2 failed/),
    })

    expect(await cli('jobs', 'export', 'list', '-o', 'shared.jsonl', '--overwrite')).toMatchObject({ code: 0, stdout: 'list: 4 results\n' })
    expect(await cli('jobs', 'export', 'list', '-o', 'shared.jsonl')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/already exists.*\(--overwrite\) \[write-failed\]/),
    })
    await cli('describe', '--from', 'list.txt', '--out', 'alone.jsonl', ...local)
    const linesOf = async (name: string) =>
      jsonLines(await readFile(join(folder, name), 'utf8')).map((line) => {
        const { used, ...prediction } = predictionSchema.parse(line)
        return { ...prediction, used: used && { ...used, seconds: 0 } }
      })
    expect(await linesOf('shared.jsonl')).toEqual(await linesOf('alone.jsonl'))

    expect(await cli('jobs', 'export', 'list', '--format', 'csv', '-o', 'shared.csv', '--overwrite')).toMatchObject({ code: 0 })
    const csv = await readFile(join(folder, 'shared.csv'), 'utf8')
    expect(csv).toMatch(/^\ufeffkey,file,text,/)
    expect(csv).toContain('red circle')
    expect(await cli('jobs', 'export', 'list', '--format', 'parquet', '-o', 'shared.parquet', '--overwrite')).toMatchObject({ code: 0 })
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'shared.parquet')) })
    expect(rows.map(({ file, error, json }) => ({ file, error, json }))).toEqual(
      (await readFile(join(folder, 'shared.jsonl'), 'utf8'))
        .trimEnd()
        .split('\n')
        .map((json) => ({ file: JSON.parse(json).video, error: JSON.parse(json).error?.code ?? '', json })),
    )
  })

  test('find events and check texts as the local commands do, with folders that differ', async () => {
    const cli = commands(await database())
    const system = ['--system', 'Name every colour.']
    await writeFile(join(folder, 'events.txt'), 'red-circle-right-then-grows.mp4\n')
    await writeFile(join(folder, 'texts.jsonl'), `${JSON.stringify({ video: 'blue-square-spins.mp4', text: 'A blue square spins.' })}\n`)
    expect(await cli('jobs', 'submit', 'events.txt', '--name', 'events', '--task', 'events', ...system)).toMatchObject({ code: 0 })
    expect(await cli('jobs', 'submit', 'texts.jsonl', '--name', 'texts', '--task', 'check', ...system)).toMatchObject({ code: 0 })
    expect(await cli('worker', '--drain', '--videos', examples, ...local)).toMatchObject({ code: 0, stdout: '2 done, 0 failed\n' })
    for (const name of ['events', 'texts']) await cli('jobs', 'export', name, '-o', `${name}-out.jsonl`, '--overwrite')
    const [events] = jsonLines(await readFile(join(folder, 'events-out.jsonl'), 'utf8')) as [Record<string, unknown>]
    const own = [...system, ...local, '--home', join(folder, 'home')]
    const found = await runCli(['events', 'red-circle-right-then-grows.mp4', ...own], { cwd: examples })
    expect({ ...events, timings: null }).toEqual({ ...JSON.parse(found.stdout), timings: null })
    const text = { cwd: examples, input: 'A blue square spins.' }
    const checked = await runCli(['check', 'blue-square-spins.mp4', '--text', '-', '--json', ...own], text)
    expect(await readFile(join(folder, 'texts-out.jsonl'), 'utf8')).toBe(checked.stdout)
    // A support is no text: an empty one would replace the clip's caption.
    const sidecars = ['--format', 'sidecars', '--overwrite', '--videos', examples]
    expect(await cli('jobs', 'export', 'texts', ...sidecars)).toMatchObject({ code: 2, stderr: expect.stringContaining('not texts') })
  })

  test('add the samples of a shared run to those that its folder has, and report what is left', async () => {
    const cli = commands('')
    const bench = (...args: string[]) => cli('bench', 'run', 'moving-shapes-dream', '--out', 'run', '--max-tokens', '8', ...args, ...local)
    const keys = async () =>
      jsonLines(await readFile(join(folder, 'run/moving-shapes-dream/predictions.jsonl'), 'utf8')).map(
        (line) => predictionSchema.parse(line).key,
      )
    expect(await bench('--limit', '3')).toMatchObject({ code: 0 })
    const alone = await keys()
    const queue = await database()
    expect(await bench('--limit', '2', '--queue', queue)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('run: 2 samples, 2 answered, 0 failed: '),
    })
    expect(await keys()).toEqual(alone)
    await commands(queue)('jobs', 'pause', 'run')
    expect(await bench('--limit', '4', '--queue', queue)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('run: 4 samples, 2 answered, 0 failed, 2 left: '),
    })
    expect(await keys()).toEqual(alone)
  })

  test('fetch clips from allowed hosts only, and continue an interrupted download', async () => {
    const bytes = await readFile(red)
    const ranges: (string | undefined)[] = []
    const web = createServer((request, response) => {
      ranges.push(request.headers.range)
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const headers = { etag: '"one"', 'content-length': bytes.length - start }
      if (start > 0)
        response
          .writeHead(206, { ...headers, 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` })
          .end(bytes.subarray(start))
      else {
        response.writeHead(200, headers)
        response.write(bytes.subarray(0, 2000), () => setTimeout(() => response.destroy(), 200))
      }
    })
    await new Promise<void>((done) => web.listen(0, '127.0.0.1', done))
    const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}/red.mp4`
    const cli = commands(await database())
    expect(await cli('jobs', 'submit', address, 'http://elsewhere.invalid/a.mp4', '--name', 'web')).toMatchObject({ code: 0 })
    expect(await cli('worker', '--drain', '--allow-host', '127.0.0.1', ...local)).toMatchObject({ code: 0, stdout: '1 done, 1 failed\n' })
    await new Promise((done) => web.close(done))
    expect(ranges).toEqual([undefined, 'bytes=2000-'])
    await cli('jobs', 'export', 'web', '-o', 'web.jsonl', '--overwrite')
    const lines = jsonLines(await readFile(join(folder, 'web.jsonl'), 'utf8')) as {
      prediction: string | null
      error: { code: string } | null
    }[]
    expect(lines).toMatchObject([{ prediction: expect.stringContaining('red circle') }, { error: { code: 'not-allowed' } }])
  })

  test('give back a clip on SIGTERM', async () => {
    const url = await database()
    const cli = commands(url)
    await cli('jobs', 'submit', examples, '--name', 'term')
    const worker = await runCli(['worker', '--grace', '0', ...local], {
      cwd: folder,
      env: { TARSIER_QUEUE: url, TARSIER_HOME: join(folder, 'home') },
      onStart: async (child) => {
        const claimed = () => server().sql('select unit from tarsier.claim', new URL(url).pathname.slice(1))
        while (child.exitCode === null && (await claimed()).length === 0) await new Promise((done) => setTimeout(done, 50))
        child.kill('SIGTERM')
      },
    })
    expect(worker).toMatchObject({ code: 143, stderr: expect.stringContaining('finishing the clips in progress') })
    const [job] = jsonLines((await cli('jobs', 'list', '--json')).stdout) as [{ done: number; running: number; failed: number }]
    expect(job).toMatchObject({ running: 0, failed: 0 })
    expect(job.done).toBeLessThan(6)
    expect(await server().sql('select * from tarsier.attempt', new URL(url).pathname.slice(1))).toEqual([])
  })

  test('need no more rights than docs/jobs.md lists, and tell what is missing', async () => {
    const url = await database()
    const name = new URL(url).pathname.slice(1)
    await commands(url)('jobs', 'submit', red, '--name', 'rights')
    await server().sql(`create role helper login password 'second secret'`, name)
    const address = url.replace('owner:first%20secret', 'helper')
    const helper = commands(address, { PGPASSWORD: 'second secret' })
    expect(await helper('worker', '--drain', ...local)).toMatchObject({ code: 77, stderr: expect.stringContaining('[queue-denied]') })
    const grants = /```sql\n([\s\S]*?)```/.exec(await readFile(resolve('docs/jobs.md'), 'utf8'))?.[1]?.replaceAll('workers', 'helper')
    await server().sql(grants ?? '', name)
    expect(await helper('worker', '--drain', ...local)).toMatchObject({ code: 0, stdout: '1 done, 0 failed\n' })
    const passfile = join(folder, 'pgpass')
    await writeFile(passfile, '*:*:*:helper:second secret\n', { mode: 0o600 })
    expect(await commands(address, { PGPASSFILE: passfile })('jobs', 'list')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rights: done'),
    })
  })

  test('never show a password, and name what is wrong', async () => {
    const url = await database()
    const { port } = server()
    const debug = { TARSIER_DEBUG: '1' }
    const wrong: [string, string, number][] = [
      [url.replace('first%20secret', 'wrong%20secret'), 'queue-denied', 77],
      [`postgres://owner:wrong%20secret@127.0.0.1:1/queue`, 'queue-unreachable', 69],
      [`postgres://owner:wrong%20secret@127.0.0.1:${port}/no_such_database`, 'queue-denied', 77],
      [`postgres://owner:wrong%20secret@127.0.0.1:99999999/queue`, 'usage', 2],
      ['http://owner:wrong%20secret@127.0.0.1/queue', 'usage', 2],
    ]
    for (const [address, code, exit] of wrong) {
      const { stdout, stderr, ...result } = await commands('', debug)('jobs', 'list', '--queue', address)
      expect([result.code, stderr]).toEqual([exit, expect.stringContaining(`[${code}]`)])
      expect(stdout + stderr).not.toMatch(/wrong(%20| )secret/)
    }
    const cli = commands(url, debug)
    await cli('jobs', 'submit', red, '--name', 'secret')
    expect((await cli('worker', '--drain', ...local)).stderr).not.toMatch(/first(%20| )secret/)
    const rows = await server().sql('select * from tarsier.job, tarsier.result, tarsier.worker', new URL(url).pathname.slice(1))
    expect(JSON.stringify(rows)).not.toMatch(/first(%20| )secret/)
  })

  test('work with clocks that differ by an hour, and refuse a model with other files', async () => {
    const url = await database()
    const name = new URL(url).pathname.slice(1)
    await mkdir(join(folder, 'clock'), { recursive: true })
    const shift = join(folder, 'clock', 'shift.mjs')
    await writeFile(shift, 'const now = Date.now; Date.now = () => now() - 3_600_000\n')
    await commands(url)('jobs', 'submit', red, '--name', 'clock')
    const late = commands(url, { NODE_OPTIONS: `--import ${shift}` })
    expect(await late('worker', '--drain', ...local)).toMatchObject({ code: 0, stdout: '1 done, 0 failed\n' })
    expect(await server().sql(`select now() - finished < interval '5 minutes' as now from tarsier.result`, name)).toEqual([{ now: true }])

    await commands(url)('jobs', 'submit', blue, '--name', 'other-model')
    await server().sql(
      `update tarsier.job set request = replace(request, '"language.gguf":"', '"language.gguf":"0') where name = 'other-model'`,
      name,
    )
    const refused = await commands(url)('worker', '--drain', ...local)
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/No model on this machine has the files of "demo".*\[model-missing\]/),
    })
  })
})
