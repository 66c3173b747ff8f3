import { existsSync } from 'node:fs'
import { readdir, readFile, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { removeDownload } from '../../../../src/engine/models/hub/download-folder.ts'
import { fetchCheckpoint } from '../../../../src/engine/models/hub/fetch-checkpoint.ts'
import { holdLock } from '../../../../src/platform/folder-lock.ts'
import type { DownloadProgress } from '../../../../src/shared/download-progress.ts'
import { TarsierError } from '../../../../src/shared/errors.ts'
import { NO_DISK, SmallDisk } from '../../../helpers/small-disk.ts'
import { COMMIT, hubSetup, REPOSITORY, WEIGHTS, weights } from './hub-setup.ts'

const setup = hubSetup()
const downloadFolder = () => join(setup.home, 'downloads', 'models--someone--Small-VL')

/** Waits until so many imports wait for the download. */
async function waiters(count: number): Promise<void> {
  const names = async () => (await readdir(downloadFolder())).filter((name) => name.startsWith('.waiting-'))
  await expect.poll(async () => (await names()).length).toBe(count)
}

describe('fetching a checkpoint', () => {
  it('downloads exactly the files that an import needs, byte for byte', async () => {
    const fetched = await setup.fetch()
    expect(fetched).toEqual({
      directory: join(setup.home, 'downloads', 'models--someone--Small-VL', 'snapshots', COMMIT),
      commit: COMMIT,
      repository: REPOSITORY,
      removable: true,
    })
    expect((await readdir(fetched.directory)).sort()).toEqual(['README.md', 'config.json', WEIGHTS, 'tokenizer.json'])
    expect(Buffer.compare(await readFile(join(fetched.directory, WEIGHTS)), weights)).toBe(0)
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)
    expect(await readdir(join(fetched.directory, '..', '..', 'blobs'))).toEqual([])
    expect(existsSync(join(fetched.directory, '..', '..', '.downloading'))).toBe(false)
  })

  it('reads a listing of several pages', async () => {
    setup.hub.pageSize = 2
    await setup.fetch()
    expect(setup.hub.seen.filter(({ route }) => route === 'tree')).toHaveLength(4)
  })

  it('reports bytes up to the total', async () => {
    const reported: DownloadProgress[] = []
    await setup.fetch({ onProgress: (progress) => reported.push(progress) })
    expect(reported.at(-1)).toMatchObject({ value: 1, title: 'downloaded', bytes: reported[0]?.totalBytes })
    expect(reported.every(({ value }) => value >= 0 && value <= 1)).toBe(true)
  })

  it('downloads nothing twice', async () => {
    await setup.fetch()
    const before = setup.hub.sent()
    await setup.fetch()
    expect(setup.hub.sent()).toBe(before)
  })

  it('resolves a tag to its commit, and downloads only chosen files', async () => {
    const { directory, commit } = await setup.fetch({ revision: 'v1.0', files: (names) => names.filter((name) => name.endsWith('.bin')) })
    expect(commit).toBe(COMMIT)
    expect(await readdir(directory)).toEqual(['pytorch_model.bin'])
  })

  it('downloads exactly the shards of the index', async () => {
    const index = { weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' } }
    setup.hub.add(REPOSITORY, {
      commit: COMMIT,
      revisions: ['main'],
      files: new Map([
        ['config.json', Buffer.from('{}')],
        ['model.safetensors.index.json', Buffer.from(JSON.stringify(index))],
        ['model-00001-of-00002.safetensors', Buffer.from('first')],
        ['model-00002-of-00002.safetensors', Buffer.from('second')],
        ['consolidated.safetensors', Buffer.from('all of it once more')],
      ]),
    })
    const { directory } = await setup.fetch()
    expect((await readdir(directory)).sort()).toEqual([
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ])
  })

  it.each([
    [['config.json', 'pytorch_model.bin'], 'model-unsupported', '.bin'],
    [['config.json', 'model.Q4_K_M.gguf'], 'model-unsupported', '.gguf'],
  ])('rejects a repository of %j', async (names, code, found) => {
    setup.hub.add(REPOSITORY, { commit: COMMIT, revisions: ['main'], files: new Map(names.map((name) => [name, Buffer.from(name)])) })
    await expect(setup.fetch()).rejects.toMatchObject({ code, message: expect.stringContaining(found) })
    expect(setup.hub.sent()).toBe(0)
  })

  it('rejects an index with a missing shard', async () => {
    setup.hub.add(REPOSITORY, {
      commit: COMMIT,
      revisions: ['main'],
      files: new Map([['model.safetensors.index.json', Buffer.from('{"weight_map":{"a":"../../escape.safetensors"}}')]]),
    })
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'hub-missing', details: { what: 'file', file: '../../escape.safetensors' } })
  })

  it('ignores names that are no plain file names', async () => {
    setup.hub.add(REPOSITORY, {
      commit: COMMIT,
      revisions: ['main'],
      files: new Map([
        ['../outside.json', Buffer.from('x')],
        ['a/b.json', Buffer.from('x')],
        ['.hidden', Buffer.from('x')],
        ['fine.json', Buffer.from('y')],
      ]),
    })
    const { directory } = await setup.fetch({ files: (names) => names })
    expect(await readdir(directory)).toEqual(['fine.json'])
  })

  it('removes a download, and the folder of downloads with the last one', async () => {
    await setup.fetch()
    await removeDownload(REPOSITORY, setup.home)
    expect(await readdir(setup.home)).toEqual([])
  })

  it('waits until the files of another import were read, and then uses them', async () => {
    const first = await setup.hold()
    const titles = new Set<string>()
    const second = setup.hold({ onProgress: ({ title }) => titles.add(title) })
    await waiters(1)
    await removeDownload(REPOSITORY, setup.home)
    expect(Buffer.compare(await readFile(join(first.directory, WEIGHTS)), weights)).toBe(0)
    await first.remove()
    await using fetched = await second
    expect([...titles]).toEqual([`waiting for another import of ${REPOSITORY}`, 'downloaded'])
    expect(setup.hub.sent(WEIGHTS)).toBe(weights.byteLength)

    const offline = setup.hold({ env: { ...setup.env, HF_HUB_OFFLINE: '1' } })
    await waiters(1)
    await fetched.remove()
    await using last = await offline
    expect(last).toMatchObject({ directory: fetched.directory, removable: true })
    await last.remove()
    expect(await readdir(setup.home)).toEqual([])
  })

  it('stops waiting when it is aborted, and leaves no trace', async () => {
    await using first = await setup.hold()
    const stop = new AbortController()
    const second = setup.hold({ signal: stop.signal })
    await waiters(1)
    stop.abort()
    await expect(second).rejects.toMatchObject({ name: 'AbortError' })
    await waiters(0)
    await first.remove()
    expect(await readdir(setup.home)).toEqual([])
  })

  it('fails after a wait that made it unnecessary, and removes the files that were left for it', async () => {
    const first = await setup.hold()
    const afterWait = () => Promise.reject(new TarsierError('model-exists', 'installed in the meantime'))
    await setup.fetch({ afterWait, home: join(setup.home, 'other') }) // without a wait
    await rm(join(setup.home, 'other'), { recursive: true })
    const [second, third] = [setup.hold({ afterWait }), setup.hold({ afterWait })]
    await waiters(2)
    await first.remove()
    for (const waited of [second, third]) await expect(waited).rejects.toMatchObject({ code: 'model-exists' })
    expect(await readdir(setup.home)).toEqual([])
  })

  it('removes the files if the only one that waited for them has ended', async () => {
    const first = await setup.hold()
    const mark = join(downloadFolder(), '.waiting-0')
    await using _lock = await holdLock(mark, () => new TarsierError('download-busy', 'busy'))
    const past = new Date(Date.now() - 60_000)
    await utimes(mark, past, past)
    await first.remove()
    expect(await readdir(setup.home)).toEqual([])
  })

  it('releases a download that fails', async () => {
    setup.hub.misbehave = (route) => (route === 'store' ? { kind: 'status', status: 404 } : null)
    await expect(setup.hold()).rejects.toMatchObject({ code: 'hub-failed' })
    setup.hub.misbehave = () => null
    await setup.fetch()
  })

  it('leaves a download alone while another process continues it, and then removes it', async () => {
    const fetched = await setup.fetch()
    const lock = await holdLock(join(fetched.directory, '..', '..', '.downloading'), () => new TarsierError('download-busy', 'busy'))
    await removeDownload(REPOSITORY, setup.home)
    expect(Buffer.compare(await readFile(join(fetched.directory, WEIGHTS)), weights)).toBe(0)
    await lock[Symbol.asyncDispose]()
    await removeDownload(REPOSITORY, setup.home)
    expect(await readdir(setup.home)).toEqual([])
    await removeDownload(REPOSITORY, setup.home)
    expect(await readdir(setup.home)).toEqual([])
  })

  it('checks the space for the model together with that of the download, or on its own disk, before the download', async ({ skip }) => {
    await using disk = await SmallDisk.mount(join(setup.home, 'small'), 2)
    if (disk === null) return skip(NO_DISK)
    const room = (folder: string, perDownloadedByte: number) =>
      setup.fetch({
        home: disk.path,
        model: {
          folder: join(folder, 'models'),
          bytesFrom: ({ files }) => perDownloadedByte * files.reduce((sum, { bytes }) => sum + bytes, 0),
        },
      })
    await expect(room(disk.path, 6.2)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(
        /^someone\/Small-VL needs 1 MB more for the download and about 2 MB for the model on the disk of .*, of which only 3 MB are free: about 1 MB are missing\. /,
      ),
    })
    await expect(room(setup.home, 1e12)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/^The model of someone\/Small-VL needs about 30\d,\d{3},\d{3},\d{3} MB in /),
    })
    expect(setup.hub.sent()).toBe(0)
    await room(setup.home, 6.2)
    // Without a download, the import itself knows what it needs.
    await room(disk.path, 1e12)
  })

  it('removes a download from a full disk', async ({ skip }) => {
    await using disk = await SmallDisk.mount(join(setup.home, 'small'), 2)
    if (disk === null) return skip(NO_DISK)
    await setup.fetch({ home: disk.path })
    disk.fill()
    await removeDownload(REPOSITORY, disk.path)
    expect(await readdir(disk.path)).toEqual(['filler'])
  })

  it.each(['no-owner', 'a/b/c', '../x/y', 'a/..', 'a--b/c', 'a/b c'])('rejects %j as a repository', async (name) => {
    const wrong = fetchCheckpoint(name, { home: setup.home, env: setup.env, signal: new AbortController().signal })
    await expect(wrong).rejects.toMatchObject({ code: 'usage' })
    expect(setup.hub.seen).toEqual([])
  })
})
