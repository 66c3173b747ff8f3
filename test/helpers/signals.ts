import { loopForever } from './endless-loop.ts'

/** How one process ends another in tests. Windows has no signals: there `kill` ends a process with exit code 1, whatever the signal's name. */
export const deadlySignals: readonly NodeJS.Signals[] = process.platform === 'win32' ? ['SIGKILL'] : ['SIGKILL', 'SIGSEGV', 'SIGABRT']

/** What the parent of a process that was ended by a signal says of it. */
export function reasonOf(signal: NodeJS.Signals): string {
  return process.platform === 'win32' ? 'exit code 1' : signal
}

/** A crash, as far as the system lets one process cause it in another. */
export const crash: NodeJS.Signals = process.platform === 'win32' ? 'SIGKILL' : 'SIGSEGV'

/** Whether one process can press Ctrl-C in another. On Windows it would take a console that both of them share with the test itself. */
export const canInterrupt = process.platform !== 'win32'

/** Makes a process hang so that it answers nothing: stopped, or in an endless loop where the system stops none. Needs {@link loopForever}'s port. */
export async function hang(pid: number, port: number): Promise<void> {
  if (process.platform === 'win32') await loopForever(pid, port)
  else process.kill(pid, 'SIGSTOP')
}

/** All kinds of hanging that this system has. */
export const hangs: Readonly<Record<string, (pid: number, port: number) => Promise<void>>> = {
  ...(process.platform === 'win32' ? {} : { 'is stopped': async (pid: number) => void process.kill(pid, 'SIGSTOP') }),
  'is in an endless loop': loopForever,
}
