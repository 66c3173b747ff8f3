import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Postgres } from '../../helpers/postgres.ts'
import { CLI } from '../cli/run-cli.ts'

/** Forwards connections to a server, and cuts them on request. */
export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #cut = false

  private constructor(port: number) {
    this.#server = createServer((socket) => {
      if (this.#cut) {
        socket.destroy()
        return
      }
      const onward = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        this.#sockets.add(from)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
        from.pipe(to)
      }
    })
  }

  static async start(port: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Ends all connections, and refuses new ones until {@link mend}. */
  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Passes nothing on any more, without ending connections, until {@link mend}. */
  stall(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  mend(): void {
    this.#cut = false
    for (const socket of this.#sockets) socket.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Workers of the command line, some of which are killed. */
export class Crowd implements AsyncDisposable {
  readonly #args: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  readonly #workers = new Set<ChildProcess>()
  #ended: Promise<unknown>[] = []
  /** What workers said that ended by themselves. */
  readonly said: string[] = []

  /** @param args options of `tarsier worker` */
  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#args = args
    this.#env = env
  }

  add(): void {
    const child = spawn(process.execPath, [CLI, 'worker', '--drain', ...this.#args], {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let text = ''
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    this.#workers.add(child)
    this.#ended.push(
      new Promise<void>((resolve) =>
        child.once('exit', (code) => {
          if (this.#workers.delete(child)) this.said.push(`${code}: ${text}`)
          resolve()
        }),
      ),
    )
  }

  /** Numbers of the running processes. */
  get processes(): number[] {
    return [...this.#workers].flatMap(({ pid }) => pid ?? [])
  }

  /** Kills one worker and starts another. */
  replace(pid: number): void {
    for (const child of this.#workers) {
      if (child.pid !== pid) continue
      this.#workers.delete(child)
      child.kill('SIGKILL')
      this.add()
      return
    }
  }

  /** Resolves when all workers have ended. */
  async end(): Promise<void> {
    while (this.#workers.size > 0) {
      const ended = this.#ended
      this.#ended = []
      await Promise.all(ended)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#workers) child.kill('SIGKILL')
    await Promise.all(this.#ended)
  }
}

/** Numbers of the processes whose unit has not ended two workers yet: the third time, it would be a failed sample. */
export async function mayBeKilled(server: Postgres, database: string): Promise<Set<number>> {
  const rows = await server.sql<{ name: string }>(
    `select worker.name from tarsier.worker where ended is null and not exists (
       select from tarsier.claim join tarsier.attempt on attempt.job = claim.job and attempt.unit = claim.unit
       where claim.worker = worker.id and attempt.count >= 2)`,
    database,
  )
  return new Set(rows.map(({ name }) => Number(name.split(':').at(-1))))
}
