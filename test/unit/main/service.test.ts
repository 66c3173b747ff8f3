import { beforeEach, describe, expect, test, vi } from 'vitest'
import { channels } from '../../../src/shared/bridge.ts'
import type { ToShell, Work } from '../../../src/shared/shell-messages.ts'
import { pageStandIn } from '../../helpers/strict-electron.ts'

const electron = await vi.hoisted(async () => (await import('../../helpers/strict-electron.ts')).electronStandIn())
vi.mock('electron', () => electron.module)
const { Service } = await import('../../../src/main/service.ts')

const idle: Work = { answering: false, models: 0, batches: 0, benchmarks: 0, progress: null }
const listeners = { work: vi.fn(), ended: vi.fn(), onExit: vi.fn() }
let service: InstanceType<typeof Service>
beforeEach(() => {
  electron.processes.length = 0
  electron.utilityProcess.fork.mockClear()
  for (const listener of Object.values(listeners)) listener.mockClear()
  service = new Service(listeners)
  service.start()
})
const child = () => electron.processes.at(-1)!
const sendMessage = (message: ToShell) => child().listeners.emit('message', message)
const dies = (code = 1) => child().listeners.emit('exit', code)

test('forks one process from the built program with a name for the system’s list of processes', () => {
  service.start()
  expect(electron.utilityProcess.fork.mock.calls).toEqual([
    [expect.stringMatching(/[\\/]cli[\\/]service-process\.js$/), [], { serviceName: 'Tarsier service', stdio: 'inherit' }],
  ])
})

test('connects a page and the service with a message port', () => {
  const { sender } = pageStandIn()
  service.connect(sender as never)
  const [[message, given]] = child().postMessage.mock.calls as [[{ kind: string; client: string }, string[]]]
  expect(message).toEqual({ kind: 'page', client: expect.any(String) })
  expect(given).toEqual([expect.stringMatching(/^service end/)])
  expect(sender.postMessage.mock.calls).toEqual([[channels.port, null, [given[0]?.replace('service', 'page')]]])
})

describe('a question', () => {
  const question = { kind: 'locate', handle: 'a', what: 'file' } as const

  test('resolves or rejects by its id', async () => {
    const [first, second] = [service.ask(question), service.ask(question)]
    sendMessage({ kind: 'failed', id: 2, error: { code: 'nothing-found', message: 'This clip does not exist.' } })
    sendMessage({ kind: 'answer', id: 1, answer: { path: '/a', mediaType: 'video/mp4' } })
    expect(await first).toEqual({ path: '/a', mediaType: 'video/mp4' })
    await expect(second).rejects.toMatchObject({ code: 'nothing-found' })
  })

  test('rejects when the process ends first', async () => {
    const answer = service.ask(question)
    dies()
    await expect(answer).rejects.toMatchObject({ code: 'service-lost' })
  })
})

describe('after a crash', () => {
  test('restarts three times, then asks the user', () => {
    for (let crash = 0; crash < 3; crash++) dies()
    expect(electron.processes).toHaveLength(4)
    expect(listeners.onExit).not.toHaveBeenCalled()
    dies(139)
    expect(electron.processes).toHaveLength(4)
    expect(listeners.onExit.mock.calls).toEqual([[expect.objectContaining({ code: 'service-lost' })]])
    expect(listeners.work.mock.lastCall).toEqual([idle])
  })

  test('connects waiting pages after a restart by the user', () => {
    for (let crash = 0; crash < 4; crash++) dies()
    const { sender } = pageStandIn()
    service.connect(sender as never)
    expect(sender.postMessage).not.toHaveBeenCalled()
    service.start()
    expect(sender.postMessage).toHaveBeenCalledOnce()
  })
})

test('does not restart after a failed start', () => {
  const error = { code: 'library-busy', message: 'Another program has the library.' } as const
  const { kill } = child()
  sendMessage({ kind: 'refused', error })
  expect(kill).toHaveBeenCalledOnce()
  dies()
  expect(electron.processes).toHaveLength(1)
  expect(listeners.onExit.mock.calls).toEqual([[error]])
})

describe('stopping', () => {
  test('waits for the end of the process, and restarts nothing', async () => {
    const stopped = service.stop()
    expect(child().postMessage.mock.lastCall).toEqual([{ kind: 'end' }])
    dies(0)
    await stopped
    expect(child().kill).not.toHaveBeenCalled()
    expect(electron.processes).toHaveLength(1)
  })

  test('kills a process that does not end', async () => {
    vi.useFakeTimers()
    const stopped = service.stop()
    vi.advanceTimersByTime(10_000)
    expect(child().kill).toHaveBeenCalledOnce()
    dies()
    await stopped
    vi.useRealTimers()
  })
})
