import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  /** Ended, but not yet reaped by its parent. */
  readonly zombie: boolean
  /** Command line; empty if the system does not report it. */
  readonly command: string
}

/** Lists of all processes, one for each way of a system to get them. */
export const processLists = {
  /** Linux always has this, while slim images have no `ps`. */
  proc: (): RunningProcess[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => fromProc(Number(pid)) ?? []),
  /** macOS, and most Linux systems. */
  ps: (): RunningProcess[] =>
    execFileSync('ps', ['-axww', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8', maxBuffer: 2 ** 26 })
      .split('\n')
      .flatMap((line) => {
        const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s?(.*)$/.exec(line) ?? []
        return pid === undefined
          ? []
          : [{ pid: Number(pid), parent: Number(parent), zombie: state?.startsWith('Z') ?? false, command: command ?? '' }]
      }),
  /** Windows. The list contains no ended processes. */
  powershell: (): RunningProcess[] => {
    const script = 'Get-CimInstance Win32_Process | Select-Object ProcessId, ParentProcessId, CommandLine | ConvertTo-Json -Compress'
    const listed = execFileSync('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    return (JSON.parse(listed) as { ProcessId: number; ParentProcessId: number; CommandLine: string | null }[]).map(
      ({ ProcessId, ParentProcessId, CommandLine }) => ({
        pid: ProcessId,
        parent: ParentProcessId,
        zombie: false,
        command: CommandLine ?? '',
      }),
    )
  },
} as const

/** Whether this system can list processes. Wine, where Windows' tests run as well, has no PowerShell for it. */
export const canListProcesses =
  process.platform !== 'win32' ||
  spawnSync('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', 'echo here'], { encoding: 'utf8' }).stdout?.trim() === 'here'

/** All processes, from the first list that this system has. */
export const runningProcesses = processLists[process.platform === 'linux' ? 'proc' : process.platform === 'win32' ? 'powershell' : 'ps']

/** Running Node processes that a process started, except the compiler that the source loader sometimes runs beside a process. */
export function childrenOf(parent: number): number[] {
  return runningProcesses()
    .filter((child) => child.parent === parent && !child.zombie && child.command.replace(/^"/, '').startsWith(process.execPath))
    .map(({ pid }) => pid)
}

export function isRunning(pid: number): boolean {
  if (process.platform === 'linux') return fromProc(pid)?.zombie === false
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // A signal reaches zombies too.
  return process.platform === 'win32' || runningProcesses().some((one) => one.pid === pid && !one.zombie)
}

/** Waits until a process has ended; the test's time limit ends a wait in vain. */
export async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}

function fromProc(pid: number): RunningProcess | null {
  try {
    // The name, in brackets, may contain anything.
    const [state = '', parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return { pid, parent: Number(parent), zombie: 'ZX'.includes(state), command }
  } catch {
    return null // it ended meanwhile
  }
}
