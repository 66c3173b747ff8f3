import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { listCrashReports } from '../../../src/platform/crash-reports.ts'
import { channels } from '../../../src/shared/bridge.ts'
import type { ErrorData } from '../../../src/shared/errors.ts'
import type { FromShell, ShellAnswers, ShellQuestion, ToShell, Work } from '../../../src/shared/shell-messages.ts'
import { pageStandIn } from '../../helpers/strict-electron.ts'
import { WAIT } from '../../helpers/wait.ts'

const electron = await vi.hoisted(async () => (await import('../../helpers/strict-electron.ts')).electronStandIn())
vi.mock('electron', () => electron.module)

const clip = resolve('/films/cat.mp4')
const handle = 'AbCdEfGhIjKlMnOpQrStUv'
const page = pageStandIn()
const home = mkdtempSync(join(tmpdir(), 'tarsier-shell-home-'))

beforeAll(async () => {
  vi.stubEnv('TARSIER_HOME', home)
  vi.stubGlobal('process', Object.assign(process, { argv: ['/opt/tarsier', clip] }))
  await import('../../../src/main/index.ts')
  electron.ready()
  await vi.waitUntil(() => electron.processes.length > 0, WAIT)
})
beforeEach(() => page.sender.send.mockClear())

const service = () => electron.processes[0]!
const sendMessage = (message: ToShell) => service().listeners.emit('message', message)

type Answer =
  | { readonly kind: 'answer'; readonly answer: ShellAnswers[keyof ShellAnswers] }
  | { readonly kind: 'failed'; readonly error: ErrorData }

/** Waits for the next question of the shell and answers it. */
async function answerNext(answer: (question: ShellQuestion) => Answer): Promise<ShellQuestion> {
  await vi.waitUntil(() => asked().length > answered, WAIT)
  const { id, question } = asked()[answered]!
  answered += 1
  sendMessage({ ...answer(question), id })
  return question
}
let answered = 0
function asked() {
  return service()
    .postMessage.mock.calls.map(([message]) => message as FromShell)
    .filter((message) => message.kind === 'ask')
}
const opensAll = (question: ShellQuestion) => ({
  kind: 'answer' as const,
  answer:
    question.kind === 'open'
      ? question.paths.map((path) => ({ path, file: { kind: 'failed', name: path, error: { code: 'not-media', message: '' } } as const }))
      : '',
})

test('opens a file of the command line, and reports it to the page once it listens', async () => {
  const question = await answerNext((asked) => ({
    kind: 'answer',
    answer:
      asked.kind === 'open' ? asked.paths.map((path) => ({ path, file: { kind: 'clip', metadata: { name: 'cat.mp4' } as never } })) : '',
  }))
  expect(question).toEqual({ kind: 'open', paths: [clip] })
  expect(electron.app.requestSingleInstanceLock.mock.calls).toEqual([[{ files: [clip] }]])
  electron.ipc.emit(channels.connect, page.event)
  await vi.waitUntil(() => page.sender.send.mock.calls.length > 0, WAIT)
  expect(page.sender.send.mock.calls).toEqual([[channels.files, [{ kind: 'clip', metadata: { name: 'cat.mp4' } }]]])
  expect(page.sender.postMessage).toHaveBeenCalledOnce()
})

test('adds it to the recent files of the system and the menu, also after a restart', () => {
  expect(electron.app.addRecentDocument.mock.calls).toEqual([[clip]])
  expect(JSON.stringify(electron.menus.at(-1))).toContain('cat.mp4')
  expect(JSON.parse(readFileSync(join(electron.userData, 'recent.json'), 'utf8'))).toEqual([clip])
})

test('a second start passes on its files and focuses the window; several files come as one list', async () => {
  const window = electron.windows[0]!
  window.isMinimized.mockReturnValueOnce(true)
  electron.listeners.emit('second-instance', {}, [], '/', { files: ['/a.mp4'] })
  electron.listeners.emit('second-instance', {}, [], '/', { files: ['/b.mp4'] })
  electron.listeners.emit('second-instance', {}, [], '/', { files: 'not a list' })
  const event = { preventDefault: vi.fn() }
  electron.listeners.emit('open-file', event, '/c.mp4')
  expect(event.preventDefault).toHaveBeenCalledOnce()
  expect(window.restore).toHaveBeenCalledOnce()
  expect(window.focus).toHaveBeenCalled()
  expect(await answerNext(opensAll)).toEqual({ kind: 'open', paths: ['/a.mp4', '/b.mp4', '/c.mp4'] })
  await vi.waitUntil(() => page.sender.send.mock.calls.length > 0, WAIT)
  expect(page.sender.send.mock.calls[0]?.[1]).toHaveLength(3)
})

describe('requests of the page', () => {
  const ask = (channel: string, sent: unknown, event: unknown = page.event) => electron.handlers.get(channel)!(event, sent)

  test('dropped files become clips of the service', async () => {
    const answer = ask(channels.open, ['/a.mp4'])
    await answerNext(opensAll)
    expect(await answer).toEqual([{ kind: 'failed', name: '/a.mp4', error: { code: 'not-media', message: '' } }])
  })

  test('dialogs choose files and folders of checkpoints, adapters and runs', async () => {
    expect(await ask(channels.choose, 'clips')).toEqual([])
    expect(electron.dialog.showOpenDialog.mock.lastCall?.[1]).toMatchObject({ properties: ['openFile', 'multiSelections'] })
    for (const kind of ['checkpoint', 'adapter', 'run', 'annotations', 'videos']) {
      electron.dialog.showOpenDialog.mockResolvedValueOnce({ canceled: false, filePaths: ['/work/Tarsier-7b'] })
      const answer = ask(channels.choose, kind)
      expect(await answerNext(() => ({ kind: 'answer', answer: handle }))).toEqual({ kind: 'folder', path: '/work/Tarsier-7b' })
      expect(electron.dialog.showOpenDialog.mock.lastCall?.[1]).toMatchObject({ title: expect.stringContaining(kind) })
      expect(await answer).toEqual([{ kind, handle, name: 'Tarsier-7b' }])
    }
  })

  test('shows a clip’s file in its folder', async () => {
    const answer = ask(channels.show, handle)
    await answerNext(() => ({ kind: 'answer', answer: { path: clip, mediaType: 'video/mp4' } }))
    await answer
    expect(electron.shell.showItemInFolder.mock.calls).toEqual([[clip]])
  })

  test('shows the folder of crash reports, in which the end of a process is stored', async () => {
    electron.listeners.emit('render-process-gone', {}, {}, { reason: 'crashed', exitCode: 139 })
    electron.listeners.emit('child-process-gone', {}, { type: 'GPU', reason: 'oom', exitCode: 9 })
    electron.listeners.emit('child-process-gone', {}, { type: 'Utility', name: 'Tarsier service', reason: 'crashed', exitCode: 139 })
    // These ended on request, or have stored a report themselves.
    electron.listeners.emit('render-process-gone', {}, {}, { reason: 'clean-exit', exitCode: 0 })
    electron.listeners.emit('child-process-gone', {}, { type: 'Utility', name: 'Tarsier service', reason: 'abnormal-exit', exitCode: 1 })
    electron.listeners.emit('child-process-gone', {}, { type: 'Utility', name: 'Tarsier service', reason: 'killed', exitCode: 9 })
    const reports = await listCrashReports(home)
    expect(reports.map(({ process }) => process).sort()).toEqual(['GPU', 'page', 'service'])
    expect(reports.find(({ process }) => process === 'page')).toMatchObject({
      reason: expect.stringMatching(/^crashed, /),
      version: '1.2.3',
    })
    electron.shell.showItemInFolder.mockClear()
    await ask(channels.showCrashes, undefined)
    expect(electron.shell.showItemInFolder.mock.calls).toEqual([[join(home, 'crashes')]])
  })

  test('a page that has crashed is reloaded, three times without a question', async () => {
    const window = electron.windows[0]!
    const ends = (reason: string) => window.contents.emit('render-process-gone', {}, { reason, exitCode: 1 })
    electron.dialog.showMessageBox.mockClear()
    ends('clean-exit')
    expect(window.reload).not.toHaveBeenCalled()
    for (const reason of ['crashed', 'oom', 'abnormal-exit']) ends(reason)
    expect(window.reload).toHaveBeenCalledTimes(3)
    expect(electron.dialog.showMessageBox).not.toHaveBeenCalled()
    electron.dialog.showMessageBox.mockResolvedValueOnce({ response: 0 })
    ends('crashed')
    await vi.waitUntil(() => window.reload.mock.calls.length === 4, WAIT)
    electron.dialog.showMessageBox.mockResolvedValueOnce({ response: 1 })
    electron.app.quit.mockClear()
    ends('crashed')
    await vi.waitUntil(() => electron.app.quit.mock.calls.length > 0, WAIT)
    expect(window.reload).toHaveBeenCalledTimes(4)
    electron.app.quit.mockClear()
  })

  test.each([
    [resolve('/films/cat.mp4'), 3.2, '/films/cat.mp4#t=3.2'],
    [resolve('/films/#1 100% cat?.mp4'), 61.33333, '/films/%231%20100%25%20cat%3F.mp4#t=61.33'],
    [resolve('/films/höhle.mp4'), 0, '/films/h%C3%B6hle.mp4#t=0'],
  ])('copies the address of a moment of %s', async (path, seconds, address) => {
    const answer = ask(channels.copyMoment, { handle, seconds })
    const question = await answerNext(() => ({ kind: 'answer', answer: { path, mediaType: 'video/mp4' } }))
    expect(question).toEqual({ kind: 'locate', handle, what: 'file' })
    expect(await answer).toBeUndefined()
    const copied = electron.clipboard.writeText.mock.lastCall?.[0] ?? ''
    expect(copied).toMatch(/^file:\/\/\/([A-Z]:\/)?films/)
    expect(copied.endsWith(address)).toBe(true)
    expect(fileURLToPath(copied)).toBe(path)
  })

  test('copies nothing for a clip whose file is missing', async () => {
    electron.clipboard.writeText.mockClear()
    const answer = ask(channels.copyMoment, { handle, seconds: 1 })
    const rejected = expect(answer).rejects.toMatchObject({ code: 'file-missing' })
    await answerNext(() => ({ kind: 'failed', error: { code: 'file-missing', message: 'cat.mp4 is no longer there.' } }))
    await rejected
    expect(electron.clipboard.writeText).not.toHaveBeenCalled()
  })

  test.each([
    [channels.open, 'one path'],
    [channels.open, [7]],
    [channels.choose, 'everything'],
    [channels.show, { handle }],
    [channels.copyMoment, handle],
    [channels.copyMoment, { handle, seconds: -1 }],
    [channels.copyMoment, { handle, seconds: Number.NaN }],
  ])('%s rejects unknown values: %j', async (channel, sent) => {
    await expect(ask(channel, sent)).rejects.toThrow()
  })

  test.each([
    ['another page', pageStandIn('https://example.org/').event],
    ['a page with the same prefix', pageStandIn('app://tarsier/index.html.evil').event],
    ['a frame within the page', pageStandIn('app://tarsier/index.html', {}).event],
    ['a removed frame', { sender: page.sender, senderFrame: null }],
  ])('other senders get no answer: %s', async (_who, event) => {
    const before = asked().length
    for (const channel of electron.handlers.keys()) await expect(ask(channel, [], event)).rejects.toThrow('Only requests from the app page')
    electron.ipc.emit(channels.connect, event)
    electron.ipc.emit(channels.theme, event, 'dark')
    expect(asked()).toHaveLength(before)
    expect(page.sender.postMessage).toHaveBeenCalledOnce()
    expect(electron.nativeTheme.themeSource).toBe('system')
  })

  test('native colors follow the page’s theme', () => {
    electron.ipc.emit(channels.theme, page.event, 'dark')
    expect(electron.nativeTheme.themeSource).toBe('dark')
    electron.ipc.emit(channels.theme, page.event, 'pink')
    expect(electron.nativeTheme.themeSource).toBe('dark')
  })
})

describe('clip://', () => {
  const get = (url: string, init?: RequestInit) => {
    const [, handler] = electron.protocol.handle.mock.calls.find(([scheme]) => scheme === 'clip')!
    return handler(new Request(url, init))
  }
  const address = `clip://tarsier/clips/${handle}`

  test('serves a range of the file that the service names', async () => {
    const file = join(tmpdir(), `tarsier-clip-${process.pid}`)
    writeFileSync(file, 'moving pictures')
    const answer = get(address, { headers: { range: 'bytes=7-' } })
    expect(await answerNext(() => ({ kind: 'answer', answer: { path: file, mediaType: 'video/webm' } }))).toEqual({
      kind: 'locate',
      handle,
      what: 'file',
    })
    const response = await answer
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([206, 'video/webm', 'pictures'])
  })

  test('serves a preview, or 404 without one', async () => {
    const answer = get(`${address}/preview`)
    expect(await answerNext(() => ({ kind: 'answer', answer: { path: '/nowhere/it.preview', mediaType: 'video/webm' } }))).toMatchObject({
      what: 'preview',
    })
    expect((await answer).status).toBe(404)
  })

  test('serves 404 for an unknown handle', async () => {
    const answer = get(address)
    await answerNext(() => ({ kind: 'failed', error: { code: 'nothing-found', message: '' } }))
    expect((await answer).status).toBe(404)
  })

  test.each([
    ['clip://tarsier/etc/passwd'],
    ['clip://elsewhere/clips/AbCdEfGhIjKlMnOpQrStUv'],
    [`${address}/../other`],
    [`${address}x`],
    ['clip://tarsier/clips/..%2f..%2f..%2fetc%2fpasswd'],
  ])('does not ask the service about %s', async (url) => {
    const before = asked().length
    expect((await get(url)).status).toBe(404)
    expect((await get(address, { method: 'POST' })).status).toBe(404)
    expect(asked()).toHaveLength(before)
  })
})

describe('work', () => {
  const window = () => electron.windows[0]!
  const works = (work: Partial<Work>) =>
    sendMessage({ kind: 'work', work: { answering: false, models: 0, batches: 0, benchmarks: 0, progress: null, ...work } })

  test('shows a bar in the dock until it ends', () => {
    works({ batches: 1, benchmarks: 1, progress: 0.25 })
    expect(window().setProgressBar.mock.lastCall).toEqual([0.25])
    expect(electron.app.setBadgeCount.mock.lastCall).toEqual([2])
    works({})
    expect(window().setProgressBar.mock.lastCall).toEqual([-1])
  })

  test('of some length ends with a notification when the window has no focus', () => {
    window().isFocused.mockReturnValueOnce(true)
    sendMessage({ kind: 'ended', ended: { title: 'seen', text: '' } })
    sendMessage({ kind: 'ended', ended: { title: 'not seen', text: 'words' } })
    expect(electron.notifications.map(({ options }) => options)).toEqual([{ title: 'not seen', body: 'words' }])
    expect(electron.notifications[0]?.show).toHaveBeenCalledOnce()
    window().focus.mockClear()
    electron.notifications[0]?.listeners.emit('click')
    expect(window().focus).toHaveBeenCalledOnce()
  })

  test('is confirmed before it is interrupted', () => {
    const quits = () => {
      const event = { preventDefault: vi.fn() }
      electron.listeners.emit('before-quit', event)
      return event.preventDefault.mock.calls.length === 0
    }
    expect(quits()).toBe(true)
    expect(electron.dialog.showMessageBoxSync).not.toHaveBeenCalled()
    works({ answering: true, models: 2, benchmarks: 1 })
    electron.dialog.showMessageBoxSync.mockReturnValueOnce(1)
    expect(quits()).toBe(false)
    expect(electron.dialog.showMessageBoxSync.mock.lastCall?.[1]).toMatchObject({
      detail: expect.stringMatching(/An answer.*\n2 models are.*\nA benchmark is running/),
    })
    // Closing the last window quits, except on macOS; the question comes while the window is open.
    const closes = (platform: NodeJS.Platform) => {
      const event = { preventDefault: vi.fn() }
      vi.spyOn(process, 'platform', 'get').mockReturnValueOnce(platform)
      window().listeners.emit('close', event)
      return event.preventDefault.mock.calls.length === 0
    }
    electron.dialog.showMessageBoxSync.mockClear()
    expect(closes('darwin')).toBe(true)
    expect(electron.dialog.showMessageBoxSync).not.toHaveBeenCalled()
    electron.dialog.showMessageBoxSync.mockReturnValueOnce(1)
    expect(closes('win32')).toBe(false)
    expect(closes('win32')).toBe(true)
    expect(electron.dialog.showMessageBoxSync).toHaveBeenCalledTimes(2)
    // One confirmation also covers the quit that follows.
    expect(quits()).toBe(true)
    expect(electron.dialog.showMessageBoxSync).toHaveBeenCalledTimes(2)
  })

  test('keeps the machine awake while it lasts', () => {
    works({})
    electron.powerSaveBlocker.start.mockClear()
    electron.powerSaveBlocker.stop.mockClear()
    works({ batches: 1 })
    works({ batches: 1, answering: true })
    expect(electron.powerSaveBlocker.start.mock.calls).toEqual([['prevent-app-suspension']])
    expect(electron.powerSaveBlocker.stop).not.toHaveBeenCalled()
    works({})
    works({})
    expect(electron.powerSaveBlocker.stop.mock.calls).toEqual([[7]])
  })
})

test("stores the window's place when it closes", () => {
  electron.windows[0]?.listeners.emit('close')
  expect(JSON.parse(readFileSync(join(electron.userData, 'window.json'), 'utf8'))).toEqual({
    bounds: { x: 40, y: 30, width: 900, height: 700 },
    maximized: false,
  })
})

test('quits only after the service has ended', async () => {
  const event = { preventDefault: vi.fn() }
  electron.listeners.emit('will-quit', event)
  expect(event.preventDefault).toHaveBeenCalledOnce()
  expect(service().postMessage.mock.lastCall).toEqual([{ kind: 'end' }])
  expect(electron.app.quit).not.toHaveBeenCalled()
  service().listeners.emit('exit', 0)
  await vi.waitUntil(() => electron.app.quit.mock.calls.length > 0, WAIT)
  const again = { preventDefault: vi.fn() }
  electron.listeners.emit('will-quit', again)
  expect(again.preventDefault).not.toHaveBeenCalled()
})
