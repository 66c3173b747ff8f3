import { readdirSync, readFileSync } from 'node:fs'

/** Children of a process, on Linux, without its threads. Zombies do not count: they run no more. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const facts = stateOf(pid)
      return facts?.parent === parent && facts.state !== 'Z'
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
