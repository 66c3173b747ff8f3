import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../cli/run-cli.ts'

const clip = fileURLToPath(new URL('../../../resources/examples/blue-square-spins.mp4', import.meta.url))
/** Fails to load wherever it is used: an object file of its kind without anything in it. */
const BROKEN_ADDON = 'no library'

interface Stored {
  key: string
  supported: string[] | null
  builds: Record<string, { addon: string | null; stamp: string; time: number }>
}

let folder: string
let home: string
let recorder: string
let started: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-kept-builds-'))
  started = join(folder, 'started.txt')
  recorder = join(folder, 'recorder.cjs')
  // Every Node process of a run writes its program's name.
  await writeFile(
    recorder,
    `require('node:fs').appendFileSync(${JSON.stringify(started)}, require('node:path').basename(process.argv[1] ?? '') + '\\n')`,
  )
  home = join(folder, 'home')
})
beforeEach(async () => {
  await rm(home, { recursive: true, force: true })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const file = () => join(home, 'cache', 'llama-builds.json')
const stored = async () => JSON.parse(await readFile(file(), 'utf8')) as Stored

/** Describes a clip in new processes. Returns the number of trials of llama.cpp's builds. */
async function trials(
  env: Readonly<Record<string, string>> = {},
  command: readonly string[] = ['describe', clip, '--max-tokens', '4'],
): Promise<number> {
  await rm(started, { force: true })
  const options = { env: { ...env, TARSIER_HOME: home, NODE_OPTIONS: `--require ${JSON.stringify(recorder)}` } }
  const { code, stdout, stderr } = await runCli(command, options)
  expect(stderr).not.toContain('error')
  expect(code).toBe(0)
  if (command[0] === 'describe') expect(stdout).toContain('blue square')
  const names = existsSync(started) ? (await readFile(started, 'utf8')).split('\n') : []
  expect(names).toContain('engine-host.js')
  return names.filter((name) => name === 'testBindingBinary.js').length
}

// Elsewhere node-llama-cpp tries no build for the CPU.
describe.runIf(process.platform === 'linux')('kept builds of llama.cpp', () => {
  it('are tried once, and again after a change of a variable that chooses devices', async () => {
    expect(await trials()).toBeGreaterThan(0)
    const first = await stored()
    expect(first.builds.cpu?.addon).toMatch(/llama-addon\.node$/)
    expect(await trials()).toBe(0)
    expect(await stored()).toEqual(first)
    expect(await trials({ CUDA_VISIBLE_DEVICES: '' })).toBeGreaterThan(0)
    expect((await stored()).key).not.toBe(first.key)
  })

  it('are tried again if the file is damaged, from another version, or names a library that is gone or cannot be loaded', async () => {
    await trials()
    const good = await stored()
    const addon = join(folder, 'llama-addon.node')
    await writeFile(addon, BROKEN_ADDON)
    const { size, mtimeMs } = await stat(addon)
    const broken = { addon, stamp: `${addon} ${size} ${mtimeMs}`, time: Date.now() }
    for (const content of [
      '{"version":1,',
      JSON.stringify({ ...good, version: 2 }),
      JSON.stringify({ ...good, builds: { cpu: { ...good.builds.cpu, addon: join(folder, 'gone.node') } } }),
      JSON.stringify({ ...good, builds: { cpu: broken } }),
    ]) {
      await writeFile(file(), content)
      expect(await trials()).toBeGreaterThan(0)
      expect((await stored()).builds.cpu?.addon).toBe(good.builds.cpu?.addon)
    }
  })

  it('are tried at every start if nothing can be kept', async () => {
    await mkdir(file(), { recursive: true })
    expect(await trials()).toBeGreaterThan(0)
    expect(await trials()).toBeGreaterThan(0)
  })

  it('give way to the CPU if a GPU has gone', async () => {
    // A driver that is named but missing: the machine may have a GPU, and has none.
    const env = { VK_DRIVER_FILES: join(folder, 'missing.json'), VK_ICD_FILENAMES: join(folder, 'missing.json') }
    await trials(env)
    const good = await stored()
    const cpu = good.builds.cpu
    if (!cpu?.addon) throw new Error('the build for the CPU was not kept')
    // As on a machine whose GPU worked before; its library has no GPU now.
    await writeFile(file(), JSON.stringify({ ...good, supported: ['vulkan'], builds: { cpu, vulkan: { ...cpu } } }))
    await trials(env)
    expect((await stored()).builds.vulkan?.addon).toBe(null)
    expect(await trials(env)).toBe(0)
  })

  it('are replaced by tarsier doctor, which always tries', async () => {
    await trials()
    const before = await stored()
    expect(await trials({}, ['doctor'])).toBeGreaterThan(0)
    const after = await stored()
    expect(after.builds.cpu?.time).toBeGreaterThan(before.builds.cpu?.time ?? 0)
    expect(after.builds.cpu?.addon).toBe(before.builds.cpu?.addon)
    expect(await trials()).toBe(0)
  })
})
