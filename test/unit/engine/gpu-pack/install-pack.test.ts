import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { installGpuPack, removeGpuPack } from '../../../../src/engine/gpu-pack/install-pack.ts'
import type { PackFile } from '../../../../src/engine/gpu-pack/pack-parts.ts'
import { gpuPackStatus } from '../../../../src/engine/gpu-pack/pack-status.ts'
import { packTable } from '../../../../src/engine/gpu-pack/pack-table.ts'
import { holdLock } from '../../../../src/platform/folder-lock.ts'
import type { DownloadProgress } from '../../../../src/shared/download-progress.ts'
import { TarsierError } from '../../../../src/shared/errors.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { packageArchive, packFile, startMirror, zipArchive } from './pack-files.ts'

const NAME = '@node-llama-cpp/linux-x64-cuda'
const long = 'x'.repeat(200_000)
const archive = packageArchive({
  'package/package.json': '{}',
  'package/dist/index.js': 'export {}',
  'package/bins/a/lib.so': long,
  'package/e': '',
})
const wheel = zipArchive({
  'onnxruntime/capi/other.so': 'no',
  'onnxruntime/capi/libonnxruntime_providers_cuda.so': 'cuda provider',
  'onnxruntime/capi/libonnxruntime_providers_shared.so': 'shared',
})
const language = packFile('language', NAME, archive)
const vision = packFile('vision', 'onnxruntime-gpu', wheel)
const surroundings = { card: true, hasLibrary: () => true }

let scratch: ScratchFolder
const home = () => scratch.path('home')
const gpu = (...names: string[]) => join(home(), 'gpu', ...names)

beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(async () => {
  await scratch[Symbol.asyncDispose]()
})

async function install(url: string, files: readonly PackFile[] = [language], signal = new AbortController().signal) {
  const progress: DownloadProgress[] = []
  await installGpuPack({
    home: home(),
    signal,
    files,
    env: { TARSIER_GPU_PACK_URL: url },
    retryPolicy: { backoff: 1, attempts: 3 },
    onProgress: (state) => progress.push(state),
  })
  return progress
}

describe('installing the GPU pack', () => {
  it.runIf(process.platform === 'linux')('downloads, checks and unpacks its files, and removes what is not of this version', async () => {
    await using mirror = await startMirror({ 'language.tgz': archive, 'vision.tgz': wheel })
    const old = packFile('language', NAME, packageArchive({ 'package/old': '' }))
    await using oldMirror = await startMirror({ 'language.tgz': packageArchive({ 'package/old': '' }) })
    await install(oldMirror.url, [{ ...old, version: '9.9.8' }])
    const files = [language, vision]
    expect(await gpuPackStatus(home(), { files, ...surroundings })).toMatchObject({
      problem: null,
      parts: [{ state: 'missing' }, { state: 'missing' }],
    })
    const progress = await install(mirror.url, files)
    expect(progress.at(-1)).toMatchObject({ value: 1, bytes: archive.length + wheel.length, title: 'downloaded' })
    expect(readdirSync(gpu()).sort()).toEqual(['language-9.9.9', 'vision-9.9.9'])
    expect(readdirSync(gpu('language-9.9.9')).sort()).toEqual(['bins', 'dist', 'e', 'package.json', 'part.json'])
    expect(readFileSync(gpu('language-9.9.9', 'bins', 'a', 'lib.so'), 'utf8')).toBe(long)
    expect(readFileSync(gpu('vision-9.9.9', 'libonnxruntime_providers_cuda.so'), 'utf8')).toBe('cuda provider')
    expect(existsSync(gpu('vision-9.9.9', 'libonnxruntime.so.1'))).toBe(true)
    expect(await gpuPackStatus(home(), { files, ...surroundings })).toMatchObject({
      parts: [{ state: 'installed' }, { state: 'installed' }],
    })
    await install(mirror.url, files)
    expect(mirror.seen).toHaveLength(2)
    await removeGpuPack(home())
    expect(existsSync(gpu())).toBe(false)
  })

  it('resumes after an interruption, also by another call', async () => {
    await using mirror = await startMirror({ 'language.tgz': archive }, { 'language.tgz': 100 })
    await install(mirror.url)
    expect(mirror.seen.map(({ range }) => range)).toEqual([undefined, 'bytes=100-'])
    await removeGpuPack(home())
    const stop = new AbortController()
    await using slow = await startMirror({ 'language.tgz': archive }, { 'language.tgz': 200 })
    const stopped = installGpuPack({
      home: home(),
      signal: stop.signal,
      files: [language],
      env: { TARSIER_GPU_PACK_URL: slow.url },
      retryPolicy: { backoff: 60_000 },
      onProgress: ({ title }) => title.startsWith('retrying') && stop.abort(),
    })
    await expect(stopped).rejects.toThrow('aborted')
    expect(readdirSync(gpu()).some((name) => name.endsWith('.part'))).toBe(true)
    await install(slow.url)
    expect(slow.seen.at(-1)?.range).toBe('bytes=200-')
    expect(readdirSync(gpu())).toEqual(['language-9.9.9'])
  })

  it('waits for another installation, and is not removed meanwhile', async () => {
    await using mirror = await startMirror({ 'language.tgz': archive })
    const lock = await holdLock(gpu('.installing'), () => new TarsierError('download-busy', 'busy'))
    await expect(removeGpuPack(home())).rejects.toMatchObject({ code: 'download-busy', details: { process: process.pid } })
    const waiting = install(mirror.url)
    await lock[Symbol.asyncDispose]()
    const [first, ...others] = await waiting
    expect(first?.title).toBe('waiting for another installation of the GPU pack')
    expect(others.at(-1)?.title).toBe('downloaded')
  })

  it('uses nothing whose checksum differs', async () => {
    const other = Buffer.from(archive)
    other[50] = (other[50] ?? 0) ^ 1
    await using mirror = await startMirror({ 'language.tgz': other })
    await expect(install(mirror.url)).rejects.toMatchObject({ code: 'download-damaged', message: expect.stringContaining('hash') })
    expect(readdirSync(gpu())).toEqual([])
  })

  it('says what a mirror answers, and that nothing answers', async () => {
    await using mirror = await startMirror({})
    await expect(install(mirror.url)).rejects.toMatchObject({ code: 'gpu-pack-failed', message: expect.stringContaining('404') })
    await expect(install('http://127.0.0.1:9/')).rejects.toMatchObject({
      code: 'gpu-pack-failed',
      message: expect.stringContaining('internet'),
    })
    await expect(install('files')).rejects.toMatchObject({ code: 'usage' })
  })

  it('makes no connection while connections are switched off', async () => {
    process.env.TARSIER_NEVER_CONNECT = '1'
    try {
      await expect(install('http://mirror.invalid/')).rejects.toMatchObject({ code: 'connections-off' })
    } finally {
      delete process.env.TARSIER_NEVER_CONNECT
    }
  })

  it('asks for room before it downloads', async () => {
    await using mirror = await startMirror({ 'language.tgz': archive })
    await expect(install(mirror.url, [packFile('language', NAME, archive, 1e18)])).rejects.toMatchObject({ code: 'disk-full' })
    expect(mirror.seen).toEqual([])
  })

  it.each(['../outside', 'package/../../outside', '/outside', 'package/a/../../../outside', 'package/..'])(
    'unpacks no %s',
    async (name) => {
      const hostile = packageArchive({ [name]: 'out' })
      await using mirror = await startMirror({ 'language.tgz': hostile })
      await expect(install(mirror.url, [packFile('language', NAME, hostile)])).rejects.toThrow('the archive has a file with the name')
      expect(existsSync(scratch.path('outside'))).toBe(false)
      expect(existsSync(gpu('language-9.9.9'))).toBe(false)
    },
  )

  it('leaves no part whose archive lacks a file', async () => {
    const empty = zipArchive({ 'onnxruntime/capi/libonnxruntime_providers_cuda.so': '' })
    await using mirror = await startMirror({ 'vision.tgz': empty })
    await expect(install(mirror.url, [packFile('vision', 'onnxruntime-gpu', empty)])).rejects.toThrow('libonnxruntime_providers_shared.so')
    expect(existsSync(gpu('vision-9.9.9'))).toBe(false)
  })

  it('needs a system with a pack', async () => {
    await expect(install('http://127.0.0.1:9/', [])).rejects.toMatchObject({ code: 'device-unavailable' })
  })
})

describe('the status', () => {
  it('says why the pack cannot be used', async () => {
    const files = [language, vision]
    const problem = async (changed: object) => (await gpuPackStatus(home(), { files, ...surroundings, ...changed })).problem
    expect(await problem({ files: [] })).toContain('There is no GPU pack for')
    expect(await problem({ card: false })).toContain('no NVIDIA GPU')
    expect(await problem({ hasLibrary: (name: string) => !/curand|cudart/.test(name) })).toContain(
      'Not found: libcudart.so.13, libcurand.so.10. Install CUDA 13',
    )
    expect(await problem({})).toBeNull()
  })
})

it('has the checksums and versions of the lock file', () => {
  const lock = JSON.parse(readFileSync(new URL('../../../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>
  }
  const locked = (name: string) => lock.packages[`node_modules/${name}`]
  for (const { use, name, version, integrity } of packTable) {
    if (use === 'language') expect([name, version, integrity]).toEqual([name, locked(name)?.version, locked(name)?.integrity])
    else expect(version).toBe(locked('onnxruntime-node')?.version)
  }
  expect(packTable.map(({ system, use }) => `${system} ${use}`)).toEqual(['linux-x64 language', 'win32-x64 language', 'linux-x64 vision'])
})
