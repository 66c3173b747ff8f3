import { Worker } from 'node:worker_threads'
import koffi from 'koffi'

/** Interval between the thread's checks of the parent, in milliseconds. */
const LOOK_EVERY_MS = 1000
/** `PR_SET_PDEATHSIG` of Linux's `prctl`: sets the signal that this process receives when its parent dies. */
const PARENT_DEATH_SIGNAL = 1
const SIGKILL = 9

/** Plain JavaScript, so that it runs both in the build and from the sources. */
const WATCHING = `
  const parent = process.ppid
  const gone = () => {
    if (process.ppid !== parent) return true
    try {
      return !process.kill(parent, 0)
    } catch (error) {
      return error.code === 'ESRCH'
    }
  }
  setInterval(() => gone() && process.kill(process.pid, 'SIGKILL'), ${LOOK_EVERY_MS})
`

/**
 * Makes this process end with its parent, even while it waits, loops endlessly, runs native code or (on Linux) is stopped. On other systems, a
 * stopped process outlives a killed parent.
 */
export function endWithParent(): void {
  watchParent()
  if (process.platform === 'linux') askKernel()
}

/** Watches the parent in a thread, which keeps running if the main thread hangs. */
export function watchParent(): Worker {
  const watching = new Worker(WATCHING, { eval: true, execArgv: [] })
  watching.unref()
  return watching
}

/** Asks Linux to kill this process when its parent dies, because the threads of a stopped process do not run. */
function askKernel(): void {
  const prctl = koffi.load(null).func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong'])
  prctl(PARENT_DEATH_SIGNAL, SIGKILL, 0, 0, 0)
}
