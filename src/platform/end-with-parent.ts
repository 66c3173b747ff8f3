import { Worker } from 'node:worker_threads'
import koffi from 'koffi'

/** How often the thread looks for the parent, in milliseconds. */
const LOOK_EVERY_MS = 1000
/** `PR_SET_PDEATHSIG` of Linux's `prctl`: the signal that this process gets when its parent dies. */
const PARENT_DEATH_SIGNAL = 1
const SIGKILL = 9

/** Plain JavaScript: it runs in the built program and from the sources alike. */
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
 * Has this process end with the one that started it, whatever it is at by then: waiting, in an endless loop, inside a native library, or (on Linux)
 * stopped. Other systems do not end a stopped process whose parent was killed.
 */
export function endWithParent(): void {
  watchParent()
  if (process.platform === 'linux') askKernel()
}

/** Watches the parent in a thread, which runs on while this one hangs. */
export function watchParent(): Worker {
  const watching = new Worker(WATCHING, { eval: true, execArgv: [] })
  watching.unref()
  return watching
}

/** No thread of a stopped process runs; Linux can be asked to kill it. */
function askKernel(): void {
  const prctl = koffi.load(null).func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong'])
  prctl(PARENT_DEATH_SIGNAL, SIGKILL, 0, 0, 0)
}
