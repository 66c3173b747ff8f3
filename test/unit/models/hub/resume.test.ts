import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Misbehaviour, sha256 } from '../../../helpers/hub-server.ts'
import { imitateWindowsFiles } from '../../../helpers/windows-files.ts'
import { COMMIT, hubSetup, REPOSITORY, WEIGHTS, weights } from './hub-setup.ts'

const setup = hubSetup()
const folder = () => join(setup.home, 'downloads', 'models--someone--Small-VL')
const part = () => join(folder(), 'blobs', `${WEIGHTS}-${sha256(weights).slice(0, 20)}.part`)
const target = () => join(folder(), 'snapshots', COMMIT, WEIGHTS)
const storeRequests = () => setup.hub.seen.filter(({ route }) => route === 'store')

/** Responses for the weights in order; correct ones afterwards. */
function failWeights(...faults: (Misbehaviour | null)[]): void {
  setup.hub.misbehave = (route, file, nth) => (route === 'store' && file === WEIGHTS ? (faults[nth] ?? null) : null)
}

async function expectWhole(): Promise<void> {
  expect(Buffer.compare(await readFile(target()), weights)).toBe(0)
  expect(await readdir(join(folder(), 'blobs'))).toEqual([])
}

/** A partial file of an earlier process. */
async function writePartialFile(bytes: Uint8Array, etag: string | null = `"${sha256(weights)}"`): Promise<void> {
  await mkdir(join(folder(), 'blobs'), { recursive: true })
  await writeFile(part(), bytes)
  if (etag !== null) await writeFile(`${part()}.etag`, etag)
}

describe('an interrupted connection', () => {
  it('on Windows, where a file opened for appending cannot be truncated: starts, resumes and starts over', async () => {
    using _windows = imitateWindowsFiles()
    failWeights({ kind: 'cut', after: 1000 }, { kind: 'cut', after: 0 })
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it.each([0, 1, 1000, 65_536, 299_999])('after %d bytes: resumes there, and requests no byte twice', async (after) => {
    failWeights({ kind: 'cut', after })
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
    expect(storeRequests().map(({ range }) => range)).toEqual([null, after === 0 ? null : `bytes=${after}-`])
    if (after > 0) expect(storeRequests()[1]?.ifRange).toBe(`"${sha256(weights)}"`)
  })

  it('repeatedly: completes as long as each attempt makes progress', async () => {
    failWeights(...Array.from({ length: 20 }, () => ({ kind: 'cut', after: 10_000 }) as const))
    await setup.fetch()
    await expectWhole()
    expect(storeRequests()).toHaveLength(21)
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('at every byte of a small file', async () => {
    for (let after = 0; after < 27; after += 1) {
      const files = new Map([['config.json', Buffer.from(`{"model_type":"qwen2_vl",${' '.repeat(after)}"a":1}`)]])
      setup.hub.add('someone/Small-VL', { commit: COMMIT.replace('12', after.toString(16).padStart(2, '0')), revisions: ['main'], files })
      setup.hub.seen.length = 0
      setup.hub.misbehave = (route, _, nth) => (route === 'resolve' && nth === 0 ? { kind: 'cut', after } : null)
      const { directory } = await setup.fetch({ files: () => ['config.json'] })
      expect(await readFile(join(directory, 'config.json'))).toEqual(files.get('config.json'))
      expect(setup.hub.sent()).toBe(files.get('config.json')?.byteLength)
    }
  })

  it('without progress: fails and keeps the partial file', async () => {
    failWeights({ kind: 'cut', after: 5000 }, ...Array.from({ length: 9 }, () => ({ kind: 'cut', after: 0 }) as const))
    await expect(setup.fetch()).rejects.toMatchObject({
      code: 'hub-unreachable',
      message: expect.stringContaining('Downloaded files are kept'),
    })
    expect((await stat(part())).size).toBe(5000)
    expect(existsSync(target())).toBe(false)
    setup.hub.misbehave = () => null
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('by a server without ranges: fails though every attempt receives bytes', async () => {
    setup.hub.ranges = false
    failWeights(...Array.from({ length: 50 }, () => ({ kind: 'cut', after: 5000 }) as const))
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-unreachable' })
    expect(storeRequests()).toHaveLength(4)
    expect((await stat(part())).size).toBe(5000)
  })
})

describe('a server with unusual ranges', () => {
  it('that sends the whole file for a range: starts over, once', async () => {
    await writePartialFile(weights.subarray(0, 100_000))
    failWeights({ kind: 'no-range' })
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('that sends another range than requested: uses none of it', async () => {
    await writePartialFile(weights.subarray(0, 100_000))
    failWeights({ kind: 'wrong-range' })
    await setup.fetch()
    await expectWhole()
    expect(storeRequests().map(({ range }) => range)).toEqual(['bytes=100000-', null])
  })

  it('without such a range (416): starts over', async () => {
    await writePartialFile(weights.subarray(0, 100_000))
    failWeights({ kind: 'status', status: 416 })
    await setup.fetch()
    await expectWhole()
    expect(storeRequests().map(({ status, range }) => [status, range])).toEqual([
      [416, 'bytes=100000-'],
      [200, null],
    ])
  })

  it('with a changed ETag: does not resume the partial file', async () => {
    await writePartialFile(Buffer.alloc(100_000), '"what-it-was-before"')
    await setup.fetch()
    await expectWhole()
    expect(storeRequests()).toMatchObject([
      { range: 'bytes=100000-', ifRange: '"what-it-was-before"', status: 200, sent: weights.byteLength },
    ])
  })

  it('with no ETag, or a weak one: resumes without a condition, because the hash is checked at the end', async () => {
    failWeights({ kind: 'other-etag', etag: 'W/"weak"' }, { kind: 'other-etag', etag: null })
    await writePartialFile(weights.subarray(0, 1000), null)
    await setup.fetch()
    await expectWhole()
    expect(storeRequests()).toMatchObject([{ range: 'bytes=1000-', ifRange: null }])
  })

  it('with another hash than listed: rejects the file and tries again', async () => {
    setup.hub.misbehave = (route, file, nth) =>
      route === 'resolve' && file === WEIGHTS && nth === 0 ? { kind: 'other-linked-etag' } : null
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('whose signed address expires (403 from the other host): requests a new one', async () => {
    failWeights({ kind: 'cut', after: 70_000 }, { kind: 'status', status: 403 })
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.seen.filter(({ route, file }) => route === 'resolve' && file === WEIGHTS)).toHaveLength(3)
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })
})

describe('wrong bytes', () => {
  it('are discarded, and the file is downloaded once more', async () => {
    failWeights({ kind: 'flip', at: 12_345 })
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(2 * weights.byteLength)
  })

  it('twice: are never given the final name, and are removed', async () => {
    failWeights({ kind: 'flip', at: 0 }, { kind: 'flip', at: weights.byteLength - 1 })
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'download-damaged', details: { file: WEIGHTS } })
    expect(existsSync(target())).toBe(false)
    expect(existsSync(part())).toBe(false)
  })

  it('in the partial file of an earlier process are detected', async () => {
    const bad = Buffer.from(weights.subarray(0, 200_000))
    bad[7] = (bad[7] ?? 0) ^ 1
    await writePartialFile(bad)
    await setup.fetch()
    await expectWhole()
    expect(storeRequests().map(({ range }) => range)).toEqual(['bytes=200000-', null])
  })

  it('of a small file are detected by its git hash', async () => {
    setup.hub.misbehave = (route, file) => (route === 'resolve' && file === 'config.json' ? { kind: 'flip', at: 3 } : null)
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'download-damaged', details: { file: 'config.json' } })
  })

  it('beyond the end are not written', async () => {
    failWeights(...Array.from({ length: 9 }, () => ({ kind: 'too-long' }) as const))
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'download-damaged', message: expect.stringContaining('more bytes') })
    expect((await stat(part())).size).toBe(0)
  })
})

describe('a partial file of an earlier process', () => {
  it('that is complete needs no request', async () => {
    await writePartialFile(weights)
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.seen.filter(({ file }) => file === WEIGHTS)).toEqual([])
  })

  it('that is longer than the file is not used', async () => {
    await writePartialFile(weights)
    await appendFile(part(), 'more')
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('is resumed under a newer commit with the same file', async () => {
    failWeights({ kind: 'cut', after: 200_000 }, ...Array.from({ length: 9 }, () => ({ kind: 'status', status: 500 }) as const))
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-failed' })
    const repository = setup.hub.repositories.get('someone/Small-VL')
    if (repository) setup.hub.add('someone/Small-VL', { ...repository, commit: 'f'.repeat(40) })
    setup.hub.misbehave = () => null
    const { directory } = await setup.fetch()
    expect(Buffer.compare(await readFile(join(directory, WEIGHTS)), weights)).toBe(0)
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('and a finished file that was truncated on disk: is downloaded again', async () => {
    await setup.fetch()
    await truncate(target(), 10)
    await setup.fetch()
    await expectWhole()
  })
})

describe('a download that ends', () => {
  it('by an abort: stops at once, keeps the partial file, and resumes later', async () => {
    failWeights({ kind: 'stall', after: 100_000 })
    const controller = new AbortController()
    const fetching = setup.fetch({
      signal: controller.signal,
      onProgress: ({ bytes }) => bytes >= 100_000 && controller.abort(),
    })
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' })
    expect((await stat(part())).size).toBe(100_000)
    expect(existsSync(join(folder(), '.downloading'))).toBe(false)
    await setup.fetch()
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  })

  it('by a stall: the connection counts as dead, and another one resumes', async () => {
    failWeights({ kind: 'stall', after: 100_000 })
    await setup.fetch({ retryPolicy: { stall: 1000 } })
    await expectWhole()
    // There are more if the test itself stalls.
    expect(
      storeRequests()
        .map(({ range }) => range)
        .slice(0, 2),
    ).toEqual([null, 'bytes=100000-'])
  })

  it('by a kill: a process that waits for it resumes', async () => {
    failWeights({ kind: 'stall', after: 150_000 })
    const child = fork(new URL('./fetch-process.ts', import.meta.url), [REPOSITORY, setup.home], {
      env: { ...process.env, ...setup.env },
      execArgv: ['--import', import.meta.resolve('tsx')],
    })
    await new Promise<void>((resolve, reject) => {
      child.on('message', (bytes) => Number(bytes) >= 150_000 && resolve())
      child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
    })
    // While it lives, it owns the partial files.
    const titles: string[] = []
    const waiting = setup.fetch({ onProgress: ({ title }) => titles.push(title) })
    await expect.poll(() => titles[0]).toBe(`waiting for process ${child.pid}, which imports ${REPOSITORY}`)
    child.removeAllListeners('exit')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    await waiting
    await expectWhole()
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
  }, 60_000)
})
