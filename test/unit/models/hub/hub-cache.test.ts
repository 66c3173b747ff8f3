import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { gitHash, sha256 } from '../../../helpers/hub-server.ts'
import { NO_DISK, SmallDisk } from '../../../helpers/small-disk.ts'
import { COMMIT, checkpoint, hubSetup, REPOSITORY, WEIGHTS, weights } from './hub-setup.ts'

const setup = hubSetup()
const NEEDED = ['README.md', 'config.json', WEIGHTS, 'tokenizer.json']
const cached = () => join(setup.env.HF_HOME ?? '', 'hub', 'models--someone--Small-VL')
const snapshot = () => join(cached(), 'snapshots', COMMIT)
const hashOf = (name: string, bytes: Uint8Array) => (name === WEIGHTS ? sha256(bytes) : gitHash(bytes))

/** A Hugging Face cache as the Python hub creates it: blobs, and links to them. */
async function fillCache(names: readonly string[] = NEEDED): Promise<void> {
  await mkdir(join(cached(), 'blobs'), { recursive: true })
  await mkdir(join(cached(), 'refs'))
  await mkdir(snapshot(), { recursive: true })
  await writeFile(join(cached(), 'refs', 'main'), COMMIT)
  for (const [name, bytes] of checkpoint()) {
    if (!names.includes(name)) continue
    const hash = hashOf(name, bytes)
    await writeFile(join(cached(), 'blobs', hash), bytes)
    await symlink(join('..', '..', 'blobs', hash), join(snapshot(), name))
  }
}

describe('the Hugging Face cache', () => {
  it('with all files is used in place: no download, no copy', async () => {
    await fillCache()
    await using fetched = await setup.hold()
    expect(fetched).toMatchObject({ directory: snapshot(), removable: false })
    expect(setup.hub.sent()).toBe(0)
    expect(await readdir(setup.home)).toEqual([])
    await fetched.remove()
    expect((await readdir(snapshot())).sort()).toEqual([...NEEDED].sort())
  })

  it('with some files provides them: only the rest is downloaded, and no space is used twice', async () => {
    await fillCache([WEIGHTS])
    const { directory, removable } = await setup.fetch()
    expect(removable).toBe(true)
    expect((await readdir(directory)).sort()).toEqual([...NEEDED].sort())
    expect(setup.hub.sent(WEIGHTS)).toBe(0)
    expect((await stat(join(directory, WEIGHTS))).ino).toBe((await stat(join(cached(), 'blobs', sha256(weights)))).ino)
  })

  it('on another disk is copied with progress', async ({ skip }) => {
    await fillCache([WEIGHTS])
    await using disk = await SmallDisk.mount(join(setup.home, 'disk'), 4)
    if (disk === null) return skip(NO_DISK)
    const titles = new Set<string>()
    const { directory } = await setup.fetch({ home: disk.path, onProgress: ({ title }) => titles.add(title) })
    expect(titles).toContain(`copying ${WEIGHTS} from the Hugging Face cache`)
    expect(Buffer.compare(await readFile(join(directory, WEIGHTS)), weights)).toBe(0)
    expect(setup.hub.sent(WEIGHTS)).toBe(0)
  })

  it('with the same content under another commit provides it', async () => {
    await fillCache()
    await rm(snapshot(), { recursive: true })
    await setup.fetch()
    expect(setup.hub.sent()).toBe(0)
  })

  it('without links, as on Windows, is used too, also offline', async () => {
    await fillCache([])
    for (const [name, bytes] of checkpoint()) if (NEEDED.includes(name)) await writeFile(join(snapshot(), name), bytes)
    expect((await setup.fetch()).directory).toBe(snapshot())
    expect(setup.hub.sent()).toBe(0)
    setup.env.HF_HUB_OFFLINE = '1'
    expect((await setup.fetch()).directory).toBe(snapshot())
  })

  it('with blobs that repositories share is used too, also offline', async () => {
    await fillCache()
    const shared = join(cached(), '..', 'blobs', 'ab', `ab${'0'.repeat(62)}`)
    const blob = join(cached(), 'blobs', sha256(weights))
    await mkdir(dirname(shared), { recursive: true })
    await rename(blob, shared)
    await symlink(relative(dirname(blob), shared), blob)
    expect((await setup.fetch()).directory).toBe(snapshot())
    setup.env.HF_HUB_OFFLINE = '1'
    expect((await setup.fetch()).directory).toBe(snapshot())
    expect(setup.hub.sent()).toBe(0)
  })

  it('with other bytes of the same length is not used', async () => {
    await fillCache()
    await writeFile(join(cached(), 'blobs', sha256(weights)), Buffer.alloc(weights.byteLength))
    const { directory } = await setup.fetch()
    expect(Buffer.compare(await readFile(join(directory, WEIGHTS)), weights)).toBe(0)
    expect(setup.hub.sent()).toBe(weights.byteLength)
  })

  it('is at HF_HUB_CACHE', async () => {
    await fillCache()
    const elsewhere = join(setup.home, '..', 'elsewhere')
    await cp(join(cached(), '..'), elsewhere, { recursive: true, verbatimSymlinks: true })
    await rm(cached(), { recursive: true })
    setup.env.HF_HUB_CACHE = elsewhere
    expect((await setup.fetch()).directory).toBe(join(elsewhere, 'models--someone--Small-VL', 'snapshots', COMMIT))
  })
})

describe('offline', () => {
  it('by "Never connect": uses a complete snapshot of the cache, and otherwise says what is on', async () => {
    // Loopback addresses are not refused.
    setup.env.HF_ENDPOINT = 'http://hub.invalid'
    vi.stubEnv('TARSIER_NEVER_CONNECT', '1')
    onTestFinished(() => void vi.unstubAllEnvs())
    await expect(setup.fetch()).rejects.toMatchObject({
      code: 'connections-off',
      message: 'hub.invalid is not contacted, because "Never connect" is on. To allow connections, unset TARSIER_NEVER_CONNECT.',
    })
    await fillCache()
    expect(await setup.fetch()).toMatchObject({ directory: snapshot(), removable: false })
  })

  it('by HF_HUB_OFFLINE: uses a complete snapshot of the cache without a request', async () => {
    await fillCache()
    setup.env.HF_HUB_OFFLINE = '1'
    expect(await setup.fetch()).toMatchObject({ directory: snapshot(), commit: COMMIT, removable: false })
    expect(setup.hub.seen).toEqual([])
  })

  it('uses an earlier download, also by the name of its branch', async () => {
    const { directory } = await setup.fetch()
    const requests = setup.hub.seen.length
    setup.env.HF_HUB_OFFLINE = 'yes'
    expect(await setup.fetch()).toMatchObject({ directory, removable: true })
    expect(await setup.fetch({ revision: COMMIT })).toMatchObject({ directory })
    expect(setup.hub.seen).toHaveLength(requests)
  })

  it.each([
    ['nothing', []],
    ['only some of the files', ['config.json', 'tokenizer.json', 'README.md']],
  ])('with %s there: rejects with a remedy', async (_, names) => {
    await fillCache(names)
    setup.env.HF_HUB_OFFLINE = 'true'
    await expect(setup.fetch()).rejects.toMatchObject({
      code: 'hub-offline',
      message: expect.stringContaining('HF_HUB_OFFLINE'),
      details: { repository: REPOSITORY },
    })
    expect(setup.hub.seen).toEqual([])
  })

  it('rejects a damaged cache', async () => {
    await fillCache()
    await writeFile(join(cached(), 'blobs', sha256(weights)), Buffer.alloc(weights.byteLength))
    setup.env.HF_HUB_OFFLINE = '1'
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'download-damaged', details: { file: WEIGHTS } })
  })

  it('without the variable: an unreachable hub does not matter if all files are there', async () => {
    await fillCache()
    setup.env.HF_ENDPOINT = 'http://127.0.0.1:9'
    expect((await setup.fetch()).directory).toBe(snapshot())
  })
})
