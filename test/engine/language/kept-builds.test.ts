import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packagedCpuAddon } from '../../../src/engine/language/packaged-build.ts'
import { runCli } from '../cli/run-cli.ts'

const clip = fileURLToPath(new URL('../../../resources/examples/blue-square-spins.mp4', import.meta.url))

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

/** A driver that is named but missing: the machine may have a GPU, and has none. */
const noGpu = () => ({ VK_DRIVER_FILES: join(folder, 'missing.json'), VK_ICD_FILENAMES: join(folder, 'missing.json') })

// On macOS node-llama-cpp tries no build.
describe.runIf(process.platform === 'linux')('builds of llama.cpp', () => {
  it('need no trial without a GPU, the first time either', async () => {
    expect(await trials()).toBe(0)
    expect(existsSync(file())).toBe(false)
  })

  it('give way to the CPU if a GPU has gone', async () => {
    const env = noGpu()
    await trials(env)
    // As on a machine whose GPU worked before; its library has no GPU now.
    const addon = packagedCpuAddon()
    if (addon === undefined) throw new Error('node-llama-cpp has no build for the CPU here')
    const { size, mtimeMs } = await stat(addon)
    const vulkan = { addon, stamp: `${addon} ${size} ${mtimeMs}`, time: Date.now() }
    await writeFile(file(), JSON.stringify({ ...(await stored()), supported: ['vulkan'], builds: { vulkan } }))
    await trials(env)
    expect((await stored()).builds.vulkan?.addon).toBe(null)
    expect(await trials(env)).toBe(0)
  })

  it('are tried again after a change of a variable that chooses devices, and if the file is damaged or from another version', async () => {
    const env = noGpu()
    await trials(env)
    const good = await stored()
    const failed = { ...good, supported: ['vulkan'], builds: { vulkan: { addon: null, stamp: '', time: Date.now() } } }
    for (const content of [
      '{"version":1,',
      JSON.stringify({ ...failed, version: 2 }),
      JSON.stringify({ ...failed, builds: { cpu: failed.builds.vulkan } }),
    ]) {
      await writeFile(file(), content)
      await trials(env)
      expect(await stored()).toMatchObject({ key: good.key, supported: good.supported })
    }
    await writeFile(file(), JSON.stringify(failed))
    await trials(env)
    expect(await stored()).toEqual(failed)
    await trials({ ...env, CUDA_VISIBLE_DEVICES: '' })
    const other = await stored()
    expect(other.key).not.toBe(good.key)
    expect(other.supported).toEqual(good.supported)
  })

  it('need no file in which results can be kept', async () => {
    await mkdir(file(), { recursive: true })
    await trials(noGpu())
  })

  it('are always tried by tarsier doctor', async () => {
    expect(await trials({}, ['doctor'])).toBeGreaterThan(0)
  })
})
