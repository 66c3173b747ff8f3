import { cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { removeDownload } from '../../../../src/engine/models/hub/fetch-checkpoint.ts'
import { gitHash, sha256 } from '../../../helpers/hub-server.ts'
import { COMMIT, checkpoint, hubSetup, REPOSITORY, WEIGHTS, weights } from './hub-setup.ts'

const here = hubSetup()
const NEEDED = ['README.md', 'config.json', WEIGHTS, 'tokenizer.json']
const cached = () => join(here.env.HF_HOME ?? '', 'hub', 'models--someone--Small-VL')
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
    const fetched = await here.fetch()
    expect(fetched).toMatchObject({ directory: snapshot(), removable: false })
    expect(here.hub.sent()).toBe(0)
    expect(await readdir(here.home)).toEqual([])
    await removeDownload(fetched, here.home)
    expect((await readdir(snapshot())).sort()).toEqual([...NEEDED].sort())
  })

  it('with some files provides them: only the rest is downloaded, and no space is used twice', async () => {
    await fillCache([WEIGHTS])
    const { directory, removable } = await here.fetch()
    expect(removable).toBe(true)
    expect((await readdir(directory)).sort()).toEqual([...NEEDED].sort())
    expect(here.hub.sent(WEIGHTS)).toBe(0)
    expect((await stat(join(directory, WEIGHTS))).ino).toBe((await stat(join(cached(), 'blobs', sha256(weights)))).ino)
  })

  it('with the same content under another commit provides it', async () => {
    await fillCache()
    await rm(snapshot(), { recursive: true })
    await here.fetch()
    expect(here.hub.sent()).toBe(0)
  })

  it('without links, as on Windows, is used too', async () => {
    await fillCache()
    await cp(snapshot(), `${snapshot()}x`, { recursive: true, dereference: true })
    await rm(snapshot(), { recursive: true })
    await rm(join(cached(), 'blobs'), { recursive: true })
    await cp(`${snapshot()}x`, snapshot(), { recursive: true })
    expect((await here.fetch()).directory).toBe(snapshot())
    expect(here.hub.sent()).toBe(0)
  })

  it('with other bytes of the same length is not used', async () => {
    await fillCache()
    await writeFile(join(cached(), 'blobs', sha256(weights)), Buffer.alloc(weights.byteLength))
    const { directory } = await here.fetch()
    expect(Buffer.compare(await readFile(join(directory, WEIGHTS)), weights)).toBe(0)
    expect(here.hub.sent()).toBe(weights.byteLength)
  })

  it('is at HF_HUB_CACHE', async () => {
    await fillCache()
    const elsewhere = join(here.home, '..', 'elsewhere')
    await cp(join(cached(), '..'), elsewhere, { recursive: true, verbatimSymlinks: true })
    await rm(cached(), { recursive: true })
    here.env.HF_HUB_CACHE = elsewhere
    expect((await here.fetch()).directory).toBe(join(elsewhere, 'models--someone--Small-VL', 'snapshots', COMMIT))
  })
})

describe('offline', () => {
  it('by HF_HUB_OFFLINE: uses a complete snapshot of the cache without a request', async () => {
    await fillCache()
    here.env.HF_HUB_OFFLINE = '1'
    expect(await here.fetch()).toMatchObject({ directory: snapshot(), commit: COMMIT, removable: false })
    expect(here.hub.seen).toEqual([])
  })

  it('uses an earlier download, also by the name of its branch', async () => {
    const { directory } = await here.fetch()
    const requests = here.hub.seen.length
    here.env.HF_HUB_OFFLINE = 'yes'
    expect(await here.fetch()).toMatchObject({ directory, removable: true })
    expect(await here.fetch({ revision: COMMIT })).toMatchObject({ directory })
    expect(here.hub.seen).toHaveLength(requests)
  })

  it.each([
    ['nothing', []],
    ['only some of the files', ['config.json', 'tokenizer.json', 'README.md']],
  ])('with %s there: rejects with a remedy', async (_, names) => {
    await fillCache(names)
    here.env.HF_HUB_OFFLINE = 'true'
    await expect(here.fetch()).rejects.toMatchObject({
      code: 'hub-offline',
      message: expect.stringContaining('HF_HUB_OFFLINE'),
      details: { repository: REPOSITORY },
    })
    expect(here.hub.seen).toEqual([])
  })

  it('rejects a damaged cache', async () => {
    await fillCache()
    await writeFile(join(cached(), 'blobs', sha256(weights)), Buffer.alloc(weights.byteLength))
    here.env.HF_HUB_OFFLINE = '1'
    await expect(here.fetch()).rejects.toMatchObject({ code: 'download-damaged', details: { file: WEIGHTS } })
  })

  it('without the variable: an unreachable hub does not matter if all files are there', async () => {
    await fillCache()
    here.env.HF_ENDPOINT = 'http://127.0.0.1:9'
    expect((await here.fetch()).directory).toBe(snapshot())
  })
})
