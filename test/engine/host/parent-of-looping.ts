import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Starts a process in an endless loop, and tells its id once it is in it. Waits to be killed. */
const looping = fork(fileURLToPath(new URL('./looping.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
looping.once('message', () => process.send?.(looping.pid))
