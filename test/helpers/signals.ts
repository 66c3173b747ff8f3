import { loopForever } from './endless-loop.ts'

/** How tests end a process. Windows has no signals: `kill` ends a process with exit code 1 there, whatever the signal. */
export const deadlySignals: readonly NodeJS.Signals[] = process.platform === 'win32' ? ['SIGKILL'] : ['SIGKILL', 'SIGSEGV', 'SIGABRT']

/** The reason that a parent reports for a process that a signal ended. */
export function reasonOf(signal: NodeJS.Signals): string {
  return process.platform === 'win32' ? 'exit code 1' : signal
}

/** A crash, as far as the system lets a process cause it in another. */
export const crash: NodeJS.Signals = process.platform === 'win32' ? 'SIGKILL' : 'SIGSEGV'

/** Whether a process can send Ctrl-C to another. On Windows this needs a console that both share with the test itself. */
export const canInterrupt = process.platform !== 'win32'

/**
 * Makes a process hang so that it does not respond: suspended, or in an endless loop where the system cannot suspend it. Needs the port of
 * {@link loopForever}.
 */
export async function hang(pid: number, port: number): Promise<void> {
  if (process.platform === 'win32') await loopForever(pid, port)
  else process.kill(pid, 'SIGSTOP')
}

/** All kinds of hanging on this system. */
export const hangs: Readonly<Record<string, (pid: number, port: number) => Promise<void>>> = {
  ...(process.platform === 'win32' ? {} : { 'is stopped': async (pid: number) => void process.kill(pid, 'SIGSTOP') }),
  'is in an endless loop': loopForever,
}
