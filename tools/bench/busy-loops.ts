import { type ChildProcess, spawn } from 'node:child_process'

/** Seconds after which a loop ends by itself, should the benchmark be killed. */
const MOST = 600
const LOOP = `const end = Date.now() + ${MOST}000; while (Date.now() < end);`

/** Programs that use a core each and never wait. */
export class BusyLoops implements AsyncDisposable {
  readonly #children: ChildProcess[]

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () => spawn(process.execPath, ['-e', LOOP], { stdio: 'ignore' }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map((child) => {
        const exited = new Promise((done) => child.once('exit', done))
        child.kill('SIGKILL')
        return exited
      }),
    )
  }
}
