import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, utimes } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { holdLock } from '../../../src/platform/folder-lock.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

/** Greater than any process id. */
const UNUSED_PID = 4_194_305
/** A separate PID namespace, as a container has; users other than root need a user namespace for it. */
const CONTAINER = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'] as const
const canContain = process.platform === 'linux' && spawnSync(CONTAINER[0], [...CONTAINER.slice(1), 'true']).status === 0

let scratch: ScratchFolder
let lock: string
const children: ChildProcess[] = []

beforeEach(async () => {
  scratch = await ScratchFolder.make()
  lock = scratch.path('.running')
})
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill))
  await scratch[Symbol.asyncDispose]()
})

const hold = () => holdLock(lock, (holder) => new TarsierError('bench-busy', 'busy', { details: { process: holder } }))
const busy = (holder: number | null) => ({ code: 'bench-busy', details: { process: holder } })

/** Starts a process that tries to take the lock, optionally in a container, and returns it with its output. */
async function start(container: readonly string[] = []): Promise<{ child: ChildProcess; output: string }> {
  const script = fileURLToPath(new URL('lock-process.ts', import.meta.url))
  const [program, ...args] = [...container, process.execPath, '--import', import.meta.resolve('tsx'), script, lock] as const
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [output] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, output }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Sets the lock's heartbeat back by this many seconds. */
async function silentFor(seconds: number): Promise<void> {
  const past = new Date(Date.now() - seconds * 1000)
  await utimes(lock, past, past)
}

describe('a process of the same machine', () => {
  it('is named as the holder, and its lock ends with it', async () => {
    const { child, output } = await start()
    expect(output).toBe('held')
    await expect(hold()).rejects.toMatchObject(busy(child.pid!))
    const ended = once(child, 'exit')
    child.stdin!.end()
    await ended
    expect(existsSync(lock)).toBe(false)
  }, 60_000)

  it('loses the lock at once when killed', async () => {
    const { child } = await start()
    await kill(child)
    expect(existsSync(lock)).toBe(true)
    await (await hold())[Symbol.asyncDispose]()
    expect(existsSync(lock)).toBe(false)
  }, 60_000)

  it('loses the lock after 30 seconds without a heartbeat, even if its process id is in use', async () => {
    await using _first = await hold()
    await expect(hold()).rejects.toMatchObject(busy(process.pid))
    await silentFor(31)
    await using _second = await hold()
    await expect(hold()).rejects.toMatchObject(busy(process.pid))
  })
})

describe.runIf(canContain)('a process of another container', () => {
  it('does not remove the lock of a process that it cannot see', async () => {
    await using _lock = await hold()
    expect((await start(CONTAINER)).output).toBe('busy null')
  }, 60_000)

  it('keeps the lock during heartbeats, though its process id belongs to another process here', async () => {
    const { child, output } = await start(CONTAINER)
    expect(output).toBe('held')
    await expect(hold()).rejects.toMatchObject(busy(null))
    await kill(child)
    await expect(hold()).rejects.toMatchObject(busy(null))
    await silentFor(31)
    await using _lock = await hold()
    await expect(hold()).rejects.toMatchObject(busy(process.pid))
  }, 60_000)
})

it.each([
  ['of another machine', JSON.stringify({ process: UNUSED_PID, space: 'another machine' })],
  ['of an older version', String(UNUSED_PID)],
  ['that is not written yet', ''],
])('a lock %s is judged only by its heartbeat', async (_, written) => {
  await scratch.write('.running', written)
  await expect(hold()).rejects.toMatchObject(busy(null))
  await silentFor(31)
  await using _lock = await hold()
  await expect(hold()).rejects.toMatchObject(busy(process.pid))
})

it('a stale lock is taken over by one of many at the same time', async () => {
  for (let round = 0; round < 20; round += 1) {
    await scratch.write('.running', JSON.stringify({ process: UNUSED_PID, space: 'another machine' }))
    await silentFor(31)
    const held = (await Promise.allSettled(Array.from({ length: 8 }, hold))).flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    )
    expect(held).toHaveLength(1)
    await held[0]?.[Symbol.asyncDispose]()
    expect(await readdir(scratch.directory)).toEqual([])
  }
})

it('a lock that was taken over is not removed by its former holder', async () => {
  const former = await hold()
  await silentFor(31)
  await using _lock = await hold()
  await former[Symbol.asyncDispose]()
  await expect(hold()).rejects.toMatchObject(busy(process.pid))
})
