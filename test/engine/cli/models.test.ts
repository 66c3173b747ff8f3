import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { HubServer } from '../../helpers/hub-server.ts'
import { CLI, jsonLines, runCli } from './run-cli.ts'
import { makeTinyModel } from './tiny-model.ts'

/** What an import says at its end if nothing else is to be said. */
const ADVICE = /^On the CPU of this machine --vision int8 is fastest: .*\n$/
/** A name from the catalogue; the test's hub serves a tiny checkpoint under it. */
const REPOSITORY = 'omni-research/Tarsier2-Recap-7b'
const COMMIT = 'abcdef1234567890abcdef1234567890abcdef12'
const SHARDED = 'newer-keys-heads-of-64'

let folder: string
let home: string
let hub: HubServer
let env: Record<string, string>
let files: Map<string, Uint8Array>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-models-'))
  home = join(folder, 'home')
  hub = await HubServer.start()
  files = new Map()
  const checkpoint = checkpointPath(SHARDED)
  for (const name of await readdir(checkpoint)) files.set(name, await readFile(join(checkpoint, name)))
  hub.add(REPOSITORY, { commit: COMMIT, revisions: ['main', 'v2'], files })
  env = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, 'hf'), TARSIER_HOME: home }
})
afterAll(async () => {
  await hub[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})
afterEach(() => {
  hub.misbehave = () => null
})

const models = (...args: string[]) => runCli(['models', ...args], { env })
const precise = ['--language', 'f32', '--vision', 'f32']

describe('models import from the hub', () => {
  it('imports a checkpoint of the catalogue and removes the download', async () => {
    const { code, stdout, stderr } = await models('import', 'Tarsier2-Recap-7b', '--name', 'recap', ...precise)
    const [licence = '', ...rest] = stderr.split(/(?<=\n)/)
    expect(licence).toMatch(/^licence of Tarsier2-Recap-7b: apache-2\.0\. That of Tarsier2-7b-0115 and/)
    expect(rest.join('')).toMatch(ADVICE)
    expect(code).toBe(0)
    expect(stdout).toBe(`${join(home, 'models', 'recap')}\n`)
    expect(await readdir(home)).toEqual(['models'])
    const [shown] = jsonLines((await models('show', 'recap', '--json')).stdout)
    expect(shown).toMatchObject({ name: 'recap', source: { repository: REPOSITORY, revision: COMMIT } })
  })

  it('downloads under a licence that forbids commercial use only if it is accepted, and imports with the defaults of the catalogue', async () => {
    const restricted = 'VidBridge-R1/VidBridge-R1'
    hub.add(restricted, { commit: COMMIT, revisions: ['main'], files })
    const before = hub.sent()
    const refused = await models('import', 'VidBridge-R1', '--name', 'bridge', ...precise)
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^licence of VidBridge-R1: .*forbid any commercial use\.\n.*--accept-licence/),
    })
    expect(hub.sent()).toBe(before)
    const { code } = await models('import', 'VidBridge-R1', '--name', 'bridge', '--accept-licence', ...precise)
    expect(code).toBe(0)
    const [shown] = jsonLines((await models('show', 'bridge', '--json')).stdout)
    expect(shown).toMatchObject({ prompt: { describe: expect.stringContaining('<think>') }, generation: { maxTokens: 2048 } })
    expect(await models('remove', 'bridge', '--yes')).toMatchObject({ code: 0 })
  })

  it('shows the licence of a checkpoint that an export downloads too, and asks for the same confirmation', async () => {
    const exported = join(home, 'exported')
    const before = hub.sent()
    const refused = await models('export', 'VidBridge-R1', exported)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^licence of VidBridge-R1: .*\n.*--accept-licence/) })
    expect(hub.sent()).toBe(before)
    const { code, stdout, stderr } = await models('export', 'Tarsier2-Recap-7b', exported)
    expect(stderr).toMatch(/^licence of Tarsier2-Recap-7b: apache-2\.0\./)
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${exported}\n` })
    await rm(exported, { recursive: true })
    await rm(join(home, 'downloads'), { recursive: true, force: true })
  })

  it('resumes a download after Ctrl-C, and keeps it with --keep-download', async () => {
    const shard = 'model-00002-of-00004.safetensors'
    const size = files.get(shard)?.byteLength ?? 0
    const before = hub.sent(shard)
    hub.misbehave = (route, file) => (route === 'store' && file === shard ? { kind: 'stall', after: Math.floor(size / 2) } : null)
    const args = ['models', 'import', REPOSITORY, '--name', 'again', '--revision', 'v2', '--keep-download', ...precise]
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    while (hub.sent(shard) === before) await new Promise((resolve) => setTimeout(resolve, 50))
    // Sent bytes may not have been written yet.
    await new Promise((resolve) => setTimeout(resolve, 500))
    child.kill('SIGINT')
    // Windows has no signals: the process is terminated at once.
    expect(await ended).toBe(process.platform === 'win32' ? null : 130)
    expect(existsSync(join(home, 'models', 'again'))).toBe(false)
    hub.misbehave = () => null
    expect((await runCli(args, { env })).code).toBe(0)
    expect(hub.sent(shard) - before).toBe(size)
    expect(await readdir(join(home, 'downloads', 'models--omni-research--Tarsier2-Recap-7b', 'snapshots'))).toEqual([COMMIT])
    // The download serves another import without a connection.
    const offline = await runCli(['models', 'import', REPOSITORY, '--name', 'third', '--revision', 'v2', ...precise], {
      env: { ...env, HF_HUB_OFFLINE: '1' },
    })
    expect(offline.code).toBe(0)
    expect(existsSync(join(home, 'downloads'))).toBe(false)
  })

  it('imports a pair of GGUFs when there are no safetensors', async () => {
    const pair = new URL('../../fixtures/gguf-pair/', import.meta.url)
    const gguf = new Map<string, Uint8Array>()
    for (const name of ['tied-heads-of-16-bf16.gguf', 'mmproj-tied-heads-of-16-bf16.gguf'])
      gguf.set(name, await readFile(new URL(name, pair)))
    hub.add('someone/Pair-GGUF', { commit: COMMIT, revisions: ['main'], files: gguf })
    const { code, stderr } = await models(
      'import',
      'someone/Pair-GGUF',
      '--name',
      'pair',
      '--vision',
      'f32',
      '--home',
      join(folder, 'pairs'),
    )
    expect(stderr).toMatch(ADVICE)
    expect(code).toBe(0)
    expect(await readdir(join(folder, 'pairs'))).toEqual(['models'])
    expect(jsonLines((await models('show', 'pair', '--json', '--home', join(folder, 'pairs'))).stdout)).toMatchObject([
      { source: { repository: 'someone/Pair-GGUF', revision: COMMIT } },
    ])
  })

  it.each([
    [['import', REPOSITORY, '--name', 'recap'], 1, 'model-exists'],
    [['import', REPOSITORY, '--name', '../x'], 2, 'usage'],
    [['import', './not/there', '--name', 'x'], 1, 'file-missing'],
    [['import', checkpointPath(SHARDED), '--name', 'x', '--revision', 'main'], 2, '--revision'],
    [['import', 'someone/unknown', '--name', 'x'], 1, 'hub-missing'],
    [['import', REPOSITORY, '--name', 'x', '--revision', 'v9'], 1, 'hub-missing'],
  ])('%j exits with %d and prints %j without a download', async (args, code, message) => {
    const before = hub.sent()
    const result = await models(...args)
    expect(result).toMatchObject({ code, stdout: '' })
    expect(result.stderr).toContain(message)
    expect(hub.sent()).toBe(before)
    expect(await readdir(home)).toEqual(['models'])
  })

  it.each([
    [{ HF_HUB_OFFLINE: '1' }, 69, 'hub-offline'],
    [{ HF_TOKEN: 'hf_wrong' }, 77, 'hub-gated'],
  ])('with %j exits with %d', async (moreArgs, code, message) => {
    const result = await runCli(['models', 'import', REPOSITORY, '--name', 'x'], { env: { ...env, ...moreArgs } })
    expect(result.code).toBe(code)
    expect(result.stderr).toContain(`[${message}]`)
  })
})

describe('installed models', () => {
  it('are listed with the memory they need, whether or not the catalogue knows them', async () => {
    await makeTinyModel(home, 'listed')
    const listed = jsonLines((await models('list', '--json')).stdout) as { name: string; bytes: number; memory: { bytes: number } }[]
    for (const wanted of ['listed', 'demo']) {
      const { bytes, memory } = listed.find(({ name }) => name === wanted) ?? { bytes: 0, memory: null }
      expect(memory).toMatchObject({ fits: true })
      // The process alone needs as much beside the weights, plus the context.
      expect(memory?.bytes).toBeGreaterThan(bytes + 400e6)
    }
    const { stdout } = await models('list')
    expect(stdout).toContain('of memory')
    const [shown] = jsonLines((await models('show', 'listed', '--json')).stdout)
    expect(shown).toMatchObject({ memory: listed.find(({ name }) => name === 'listed')?.memory })
    await rm(join(home, 'models', 'listed'), { recursive: true })
  })

  it('are listed with the error of one whose language file cannot be read', async () => {
    const file = join(await makeTinyModel(home, 'headless'), 'language.gguf')
    const bytes = await readFile(file)
    await writeFile(file, bytes.fill(0, 0, 64))
    const { code, stdout } = await models('list', '--json')
    expect(code).toBe(0)
    const listed = jsonLines(stdout) as { name: string; problem?: string; memory?: unknown }[]
    const headless = listed.find(({ name }) => name === 'headless')
    expect(headless?.problem).toContain('language.gguf')
    expect(headless?.memory).toBeUndefined()
    expect(listed.find(({ name }) => name === 'demo')?.problem).toBeUndefined()
    await rm(join(home, 'models', 'headless'), { recursive: true })
  })

  it('are described by models info', async () => {
    const { code, stdout } = await models('show', 'recap')
    expect(code).toBe(0)
    for (const expectedText of [REPOSITORY, COMMIT, 'f32', 'licence', join(home, 'models', 'recap')]) expect(stdout).toContain(expectedText)
    expect((await models('path', 'recap')).stdout).toBe(`${join(home, 'models', 'recap')}\n`)
  })

  it('are all verified, and a changed one is named', async () => {
    const directory = await makeTinyModel(home, 'bitten')
    expect(await models('verify')).toMatchObject({ code: 0, stdout: expect.stringContaining('bitten: unchanged') })
    const file = join(directory, 'language.gguf')
    const bytes = await readFile(file)
    bytes[bytes.byteLength - 1] = (bytes.at(-1) ?? 0) ^ 1
    await rm(file)
    await appendFile(file, bytes)
    const { code, stdout, stderr } = await models('verify')
    expect(code).toBe(1)
    expect(stdout).toContain('recap: unchanged')
    expect(stderr).toContain('language.gguf')
    expect(stderr).toContain('[model-damaged]')
  })

  it('are renamed, in the manifest too', async () => {
    expect(await models('rename', 'bitten', 'recap')).toMatchObject({ code: 1, stderr: expect.stringContaining('model-exists') })
    expect(await models('rename', 'bitten', 'demo')).toMatchObject({ code: 1 })
    expect(await models('rename', 'demo', 'mine')).toMatchObject({ code: 2 })
    const renamed = await models('rename', 'bitten', 'new-name')
    expect(renamed).toMatchObject({ code: 0, stdout: `${join(home, 'models', 'new-name')}\n` })
    expect(jsonLines((await models('show', 'new-name', '--json')).stdout)).toMatchObject([{ name: 'new-name' }])
    expect(await models('path', 'bitten')).toMatchObject({ code: 1, stderr: expect.stringContaining('model-missing') })
  })

  it('are not removed without a terminal to confirm on', async () => {
    expect(await models('remove', 'recap')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect(existsSync(join(home, 'models', 'recap'))).toBe(true)
    expect(await models('remove', 'demo', '--yes')).toMatchObject({ code: 2 })
    expect(await models('remove', '../models/recap', '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining('model-missing') })
  })

  // Windows has no `script` that provides a terminal.
  it.skipIf(process.platform === 'win32').each([
    ['n\r', 1, true],
    ['\r', 1, true],
    ['\x03', 130, true],
    ['yes\r', 0, false],
  ])('after %j on a terminal: status %d, still there: %s', async (keys, expected, stays) => {
    const command = [process.execPath, CLI, 'models', 'remove', 'new-name'].map((word) => `'${word}'`).join(' ')
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...process.env, ...env, TERM: 'xterm', NODE_NO_WARNINGS: '1' },
    })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!shown.includes('[y/N]') && (shown + text).includes('[y/N]')) child.stdin.write(keys)
      shown += text
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(shown).toContain('new-name')
    expect(code).toBe(expected)
    expect(existsSync(join(home, 'models', 'new-name'))).toBe(stays)
  })

  it('are removed with --yes', async () => {
    expect(await models('remove', 'recap', '--yes')).toMatchObject({ code: 0, stdout: '' })
    expect(existsSync(join(home, 'models', 'recap'))).toBe(false)
    expect(existsSync(join(home, 'models', 'again'))).toBe(true)
  })

  // Wine has no links.
  it.skipIf(process.platform === 'win32')('are removed without what a link refers to', async () => {
    const elsewhere = await makeTinyModel(join(folder, 'elsewhere'), 'real')
    await symlink(elsewhere, join(home, 'models', 'linked'))
    expect((await models('remove', 'linked', '--yes')).code).toBe(0)
    expect(existsSync(elsewhere)).toBe(true)
    expect((await readdir(join(home, 'models'))).sort()).toEqual(['again', 'third'])
  })
})

describe('models catalogue', () => {
  it('lists each checkpoint with its size, its needs and whether it fits', async () => {
    const { code, stdout } = await models('catalogue')
    expect(code).toBe(0)
    expect(stdout.match(/, licence /g)).toHaveLength(20)
    expect(stdout.match(/this machine's memory/g)).toHaveLength(20)
    const one = await models('catalogue', 'tarsier2-recap-7b')
    for (const expectedText of [
      'q4_k_m',
      'int4',
      '8 frames',
      '32 frames',
      'in its file',
      '--vision int8 is fastest',
      'tarsier models import',
    ])
      expect(one.stdout).toContain(expectedText)
    const [facts] = jsonLines((await models('catalogue', REPOSITORY, '--json')).stdout)
    expect(facts).toMatchObject({
      repository: REPOSITORY,
      licence: { name: 'apache-2.0' },
      fastestVision: { precision: 'int8' },
      forms: expect.any(Array),
    })
    expect(await models('catalogue', 'nothing')).toMatchObject({ code: 1, stderr: expect.stringContaining('model-missing') })
  })
})
