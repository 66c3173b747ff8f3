import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Starts a process with an endless loop, sends its id once it loops, and waits to be killed. */
const looping = fork(fileURLToPath(new URL('./looping.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
looping.once('message', () => process.send?.(looping.pid))
