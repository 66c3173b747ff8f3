import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CheckpointName, checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { runningProcesses } from '../../helpers/child-processes.ts'
import { HubServer } from '../../helpers/hub-server.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'
import { hasPostgres, queueServer, withServer } from './queue-server.ts'

const examples = resolve('resources/examples')
const RED = 'red-circle-right-then-grows.mp4'
const BLUE = 'blue-square-spins.mp4'
/** A name from the catalogue, under which the test's hub has a tiny checkpoint. */
const REPOSITORY = 'omni-research/Tarsier2-Recap-7b'
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-worker-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.skipIf(!hasPostgres)(withServer('tarsier worker'), { timeout: 600_000 }, () => {
  const { server, database } = queueServer()
  const commands = (TARSIER_QUEUE: string, more: Readonly<Record<string, string>> = {}) => {
    const env = { TARSIER_QUEUE, TARSIER_HOME: join(folder, 'home'), ...more }
    return (...args: string[]) => runCli(args, { env, cwd: folder })
  }
  const local = ['--device', 'cpu']

  test('imports the model of a job from the hub if it may, and refuses other files', async () => {
    await using hub = await HubServer.start()
    const homes = await mkdtemp(join(folder, 'homes-'))
    const serve = async (checkpoint: CheckpointName) => {
      const files = new Map<string, Uint8Array>()
      for (const name of await readdir(checkpointPath(checkpoint))) files.set(name, await readFile(join(checkpointPath(checkpoint), name)))
      hub.add(REPOSITORY, { commit: 'abcdef1234567890abcdef1234567890abcdef12', revisions: ['main'], files })
    }
    const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(homes, 'hf') }
    const url = await database()
    const submitter = commands(url, { ...env, TARSIER_HOME: join(homes, 'submitter') })
    const worker = commands(url, { ...env, TARSIER_HOME: join(homes, 'worker') })
    const other = commands(url, { ...env, TARSIER_HOME: join(homes, 'other') })

    await serve('newer-keys-heads-of-64')
    const precise = ['--language', 'f32', '--vision', 'f32']
    expect(await submitter('models', 'import', REPOSITORY, '--name', 'recap', ...precise)).toMatchObject({ code: 0 })
    const submit = ['jobs', 'submit', join(examples, RED), '--name', 'recap', '--model', 'recap', '--frames', '2', '--max-tokens', '4']
    expect(await submitter(...submit)).toMatchObject({ code: 0 })
    const refused = { code: 1, stdout: '0 done, 0 failed\n' }
    expect(await worker('worker', '--drain', ...local)).toMatchObject({
      ...refused,
      stderr: expect.stringMatching(
        /Import omni-research\/Tarsier2-Recap-7b .* or start the worker with --fetch-model\..*\[model-missing\]/,
      ) as string,
    })
    await serve('tied-heads-of-16')
    expect(await other('worker', '--drain', '--fetch-model', ...local)).toMatchObject({
      ...refused,
      stderr: expect.stringMatching(/has other files than the job's model "recap".*\[model-mismatch\]/) as string,
    })
    await serve('newer-keys-heads-of-64')
    expect(await worker('worker', '--drain', '--fetch-model', ...local)).toMatchObject({ code: 0, stdout: '1 done, 0 failed\n' })
    expect(await readdir(join(homes, 'worker', 'models'))).toEqual(['recap'])
    // What was imported in vain is gone, and another model of the same name stays.
    expect(await readdir(join(homes, 'other', 'models'))).toEqual([])
    await serve('tied-heads-of-16')
    expect(await other('models', 'import', REPOSITORY, '--name', 'recap', ...precise)).toMatchObject({ code: 0 })
    await serve('newer-keys-heads-of-64')
    expect(await submitter(...submit.map((part) => (part === join(examples, RED) ? join(examples, BLUE) : part)))).toMatchObject({
      code: 0,
    })
    expect(await other('worker', '--drain', '--fetch-model', ...local)).toMatchObject({
      code: 0,
      stdout: '1 done, 0 failed\n',
      stderr: expect.stringMatching(/importing omni-research\/Tarsier2-Recap-7b as "recap-[0-9a-f]{8}"/) as string,
    })
    expect((await readdir(join(homes, 'other', 'models'))).sort()).toEqual(['recap', expect.stringMatching(/^recap-[0-9a-f]{8}$/)])
  })

  test('leaves results that are exported as texts beside the clips of another machine', async () => {
    const base = await mkdtemp(join(folder, 'sidecars-'))
    const [there, here] = [join(base, 'there'), join(base, 'here')]
    for (const videos of [there, here]) {
      await mkdir(join(videos, 'day'), { recursive: true })
      await cp(join(examples, RED), join(videos, 'day', RED))
      await cp(join(examples, BLUE), join(videos, BLUE))
    }
    const cli = commands(await database())
    const inside = (...args: string[]) => runCli(args, { env: { TARSIER_QUEUE: '', TARSIER_HOME: join(folder, 'home') }, cwd: here })
    const list = join(folder, 'sidecars.txt')
    await writeFile(list, `day/${RED}\n${BLUE}\ngone.mp4\n`)
    expect(await cli('jobs', 'submit', list, '--name', 'texts')).toMatchObject({ code: 0 })
    expect(await cli('worker', '--drain', '--videos', there, ...local)).toMatchObject({ stdout: '2 done, 1 failed\n' })
    const exported = (...args: string[]) => cli('jobs', 'export', 'texts', '--format', 'sidecars', '--videos', here, ...args)
    expect(await exported()).toMatchObject({ code: 0 })
    const names = { red: RED.replace('.mp4', '.txt'), blue: BLUE.replace('.mp4', '.txt') }
    const red = await readFile(join(here, 'day', names.red), 'utf8')
    expect(red).toMatch(/red circle/)
    expect((await readdir(here)).sort()).toEqual([BLUE, names.blue, 'day'].sort())
    expect(await readdir(there)).toEqual([BLUE, 'day'])
    // As "describe --sidecar txt" writes it.
    expect(await inside('describe', join('day', RED), '--sidecar', 'txt', '--overwrite', ...local)).toMatchObject({ code: 0 })
    expect(await readFile(join(here, 'day', names.red), 'utf8')).toBe(red)
    expect(await exported()).toMatchObject({ code: 1, stderr: expect.stringContaining('--overwrite') as string })
    expect(await exported('--overwrite')).toMatchObject({ code: 0, stdout: 'texts: 2 texts\n' })
    await rm(join(here, names.blue))
    await writeFile(join(here, 'day', names.red), 'mine')
    expect(await exported('--skip-existing')).toMatchObject({ code: 0, stdout: 'texts: 1 text, 1 there already\n' })
    await rm(join(here, names.blue))
    expect(await exported()).toMatchObject({
      code: 1,
      stdout: 'texts: 1 text, 1 failed\n',
      stderr: expect.stringMatching(/already exists.*--skip-existing, --overwrite.*\[write-failed\]/) as string,
    })
    expect(await readFile(join(here, names.blue), 'utf8')).toMatch(/blue square/)
    expect(await readFile(join(here, 'day', names.red), 'utf8')).toBe('mine')
    for (const wrong of [
      ['--format', 'csv', '-o', 'x.csv', '--skip-existing'],
      ['--format', 'sidecars', '-o', 'x.txt'],
      ['--format', 'csv'],
    ])
      expect(await cli('jobs', 'export', 'texts', ...wrong)).toMatchObject({ code: 2 })
  })

  test.skipIf(process.platform === 'win32')('gives a clip back whose engine becomes silent, and does it with another', async () => {
    const url = await database()
    const name = new URL(url).pathname.slice(1)
    const cli = commands(url)
    await cli('jobs', 'submit', join(examples, RED), '--name', 'silent')
    const claims = () => server().sql('select unit from tarsier.claim', name)
    const stopped: number[] = []
    const worker = await runCli(['worker', '--drain', ...local], {
      cwd: folder,
      env: { TARSIER_QUEUE: url, TARSIER_HOME: join(folder, 'home'), TARSIER_WATCHDOG_SECONDS: '3' },
      onStart: async (child) => {
        while (child.exitCode === null && stopped.length === 0) {
          const engine = runningProcesses().find(({ parent, command }) => parent === child.pid && /engine-host/.test(command))
          if (engine && (await claims()).length > 0) {
            process.kill(engine.pid, 'SIGSTOP')
            stopped.push(engine.pid)
          } else await sleep(5)
        }
      },
    })
    expect(stopped).toHaveLength(1)
    expect(worker).toMatchObject({ code: 0, stdout: '1 done, 0 failed\n', stderr: expect.stringContaining('[engine-hung]') as string })
    expect(await server().sql('select count, code from tarsier.attempt', name)).toEqual([{ count: 1, code: 'engine-hung' }])
    const [job] = jsonLines((await cli('jobs', 'list', '--json')).stdout)
    expect(job).toMatchObject({ done: 1, failed: 0, running: 0 })
  })
})
