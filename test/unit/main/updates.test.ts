import { afterEach, describe, expect, test, vi } from 'vitest'
import { type UpdateFeed, type UpdateMemory, Updates } from '../../../src/main/updates.ts'
import { obeySettingOf, setNeverConnect } from '../../../src/platform/never-connect.ts'
import type { Update, UpdateState } from '../../../src/shared/updates.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const DAY = 24 * 60 * 60 * 1000
const newer: Update = { version: '2.0.0', bytes: 1000, byHand: null }

afterEach(() => vi.unstubAllEnvs())

/** A feed that offers `update`, and whose download lasts until the test lets it go on. */
function setup({
  update = newer as Update | null,
  memory = {} as Partial<UpdateMemory>,
  ...own
}: { update?: Update | null; memory?: Partial<UpdateMemory> } & Partial<UpdateFeed> = {}) {
  let finish: () => void = () => {}
  let report: (done: number) => void = () => {}
  const feed = {
    unavailable: null,
    host: 'updates.example',
    check: vi.fn(async () => update),
    download: vi.fn(async (onProgress: (done: number) => void, signal: AbortSignal) => {
      report = onProgress
      await new Promise<void>((resolve, reject) => {
        finish = resolve
        signal.addEventListener('abort', () => reject(new Error('cancelled')))
      })
    }),
    install: vi.fn(),
    ...own,
  }
  const states: UpdateState[] = []
  const saved: UpdateMemory[] = []
  const found: Update[] = []
  const updates = new Updates({
    feed,
    memory: { allowed: false, lookedAt: 0, ...memory },
    save: (value) => saved.push({ ...value }),
    onChange: (state) => states.push(state),
    onFound: (what) => found.push(what),
  })
  return { updates, feed, states, saved, found, finish: () => finish(), progress: (done: number) => report(done) }
}

describe('at the start of the app', () => {
  test('nothing is asked until the user allows it', async () => {
    const { updates, feed, saved } = setup()
    await updates.begin()
    expect(feed.check).not.toHaveBeenCalled()
    await updates.command('allow')
    expect(saved).toEqual([{ allowed: true, lookedAt: 0 }])
    await updates.begin()
    expect(feed.check).toHaveBeenCalledOnce()
  })

  test('it is asked once a day, and a new version is told', async () => {
    const { updates, feed, found, saved } = setup({ memory: { allowed: true, lookedAt: 1000 } })
    await updates.begin(1000 + DAY - 1)
    expect(feed.check).not.toHaveBeenCalled()
    await updates.begin(1000 + DAY)
    expect(found).toEqual([newer])
    expect(saved.at(-1)).toEqual({ allowed: true, lookedAt: 1000 + DAY })
    expect(feed.download).not.toHaveBeenCalled()
  })

  test('a copy without a feed asks nobody', async () => {
    const { updates, feed } = setup({ memory: { allowed: true }, unavailable: 'built from sources' })
    await updates.begin()
    expect((await updates.command('check')).unavailable).toBe('built from sources')
    expect(feed.check).not.toHaveBeenCalled()
  })
})

describe('on request', () => {
  test('a version is found, downloaded with its progress, and installed', async () => {
    const { updates, feed, states, finish, progress } = setup()
    expect((await updates.command('check')).progress).toEqual({ kind: 'found', update: newer })
    const loading = updates.command('download')
    await vi.waitFor(() => expect(feed.download).toHaveBeenCalledOnce())
    progress(0.5)
    await updates.command('install')
    expect(feed.install).not.toHaveBeenCalled()
    finish()
    expect((await loading).progress).toEqual({ kind: 'ready', update: newer })
    expect(states.map(({ progress: { kind } }) => kind)).toContain('downloading')
    expect(states.find(({ progress: { kind } }) => kind === 'downloading')?.progress).toMatchObject({ done: 0 })
    await updates.command('install')
    expect(feed.install).toHaveBeenCalledOnce()
  })

  test('a download is cancelled without an error, and can begin again', async () => {
    const { updates, feed } = setup()
    await updates.command('check')
    const loading = updates.command('download')
    await vi.waitFor(() => expect(feed.download).toHaveBeenCalledOnce())
    await updates.command('cancel')
    expect((await loading).progress).toEqual({ kind: 'found', update: newer })
  })

  test('what must be installed by hand is not downloaded', async () => {
    const { updates, feed } = setup({ update: { ...newer, byHand: 'not signed' } })
    await updates.command('check')
    await updates.command('download')
    expect(feed.download).not.toHaveBeenCalled()
  })

  test('says that this is the latest version', async () => {
    const { updates } = setup({ update: null })
    expect((await updates.command('check')).progress).toEqual({ kind: 'latest' })
  })

  test('a failure names the feed and what to do', async () => {
    const { updates } = setup({ check: () => Promise.reject(new Error('net::ERR_NAME_NOT_RESOLVED\nat somewhere')) })
    const { progress } = await updates.command('check')
    expect(progress).toMatchObject({
      kind: 'failed',
      error: {
        code: 'update-failed',
        message: expect.stringMatching(/updates\.example \(net::ERR_NAME_NOT_RESOLVED\)\. Check the connection/),
      },
    })
  })
})

describe('"Never connect"', () => {
  test('refuses a check, also one that was allowed', async () => {
    vi.stubEnv('TARSIER_NEVER_CONNECT', '1')
    const { updates, feed, found } = setup({ memory: { allowed: true } })
    await updates.begin()
    expect((await updates.command('check')).progress).toMatchObject({ kind: 'failed', error: { code: 'connections-off' } })
    expect(feed.check).not.toHaveBeenCalled()
    expect(found).toEqual([])
  })

  test('ends a running download when it is switched on', async () => {
    await using home = await ScratchFolder.make()
    obeySettingOf(home.directory)
    const { updates, feed } = setup()
    await updates.command('check')
    const loading = updates.command('download')
    await vi.waitFor(() => expect(feed.download).toHaveBeenCalledOnce())
    setNeverConnect(home.directory, true)
    expect((await loading).progress).toMatchObject({ kind: 'failed', error: { code: 'connections-off' } })
    setNeverConnect(home.directory, false)
  })
})
