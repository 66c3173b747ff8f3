import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { childrenOf, ended, isRunning, processLists } from '../../helpers/child-processes.ts'

/** The lists that this system has: Linux has two, so that the one of macOS is tested there as well. */
const lists = { linux: ['proc', 'ps'], darwin: ['ps'], win32: ['powershell'] }[process.platform as string] as (keyof typeof processLists)[]

it.each(lists)('the tests’ list of processes (%s) contains this process and its children with their command lines', async (list) => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', 'a-mark-of-its-own'], { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  try {
    const found = processLists[list]()
    expect(found).toContainEqual({
      pid: child.pid,
      parent: process.pid,
      zombie: false,
      command: expect.stringContaining('a-mark-of-its-own'),
    })
    expect(found).toContainEqual(expect.objectContaining({ pid: process.pid, parent: process.ppid }))
    expect(childrenOf(process.pid)).toContain(child.pid)
    expect(isRunning(child.pid ?? 0)).toBe(true)
  } finally {
    child.kill()
  }
  await ended(child.pid ?? 0)
  expect(childrenOf(process.pid)).not.toContain(child.pid)
})
