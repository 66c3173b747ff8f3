import { readdirSync, readFileSync } from 'node:fs'

/**
 * Node processes that a process has started, on Linux. Zombies do not count: they run no more. Nor does the compiler that the loader of sources
 * keeps beside a process now and then.
 */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const facts = stateOf(pid)
      return facts?.parent === parent && facts.state !== 'Z' && programOf(pid) === process.execPath
    })
}

export function isRunning(pid: number): boolean {
  const state = stateOf(pid)?.state
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** Waits until a process has ended. A test that waits in vain fails by its own time limit. */
export async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}

function programOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]
  } catch {
    return undefined
  }
}

function stateOf(pid: number): { state: string; parent: number } | null {
  try {
    // The name, in brackets, may hold anything.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return state === undefined ? null : { state, parent: Number(parent) }
  } catch {
    return null
  }
}
