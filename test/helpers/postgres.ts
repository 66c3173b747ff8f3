import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/** Why tests of the queue are skipped. */
export const NO_POSTGRES = 'PostgreSQL was not found and could not be installed'

/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534

/** A PostgreSQL server of a test's own, on a free port of this machine. */
export class Postgres implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly #bin: string
  #process: ChildProcess | null = null

  private constructor(bin: string, folder: string, port: number) {
    this.#bin = bin
    this.folder = folder
    this.port = port
  }

  static async start(bin: string): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), 'tarsier-postgres-'))
    const server = new Postgres(bin, folder, await freePort())
    const data = server.#data
    mkdirSync(data)
    writeFileSync(join(folder, 'password'), 'first secret')
    if (asRoot()) for (const path of [folder, data, join(folder, 'password')]) chownSync(path, NOBODY, NOBODY)
    chmodSync(folder, 0o755)
    execFileSync(
      join(bin, 'initdb'),
      ['-D', data, '-U', 'owner', '-A', 'scram-sha-256', '--pwfile', join(folder, 'password'), '-E', 'UTF8', '--no-sync', '--locale=C'],
      { stdio: 'ignore', ...server.#user },
    )
    await server.run()
    return server
  }

  /** Address of a database for the owner of all. */
  url(database = 'postgres', port = this.port): string {
    return `postgres://owner:first%20secret@127.0.0.1:${port}/${database}`
  }

  /** Runs statements in a database as the owner. */
  async sql<Row extends object = Record<string, unknown>>(text: string, database = 'postgres', values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url(database) })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }

  /** Creates a database and returns its address. */
  async database(name: string): Promise<string> {
    await this.sql(`create database ${name}`)
    return this.url(name)
  }

  async run(): Promise<void> {
    const settings = [
      'fsync=off',
      'listen_addresses=127.0.0.1',
      `port=${this.port}`,
      `unix_socket_directories=${this.folder}`,
      'max_connections=100',
    ]
    this.#process = spawn(join(this.#bin, 'postgres'), ['-D', this.#data, ...settings.flatMap((setting) => ['-c', setting])], {
      stdio: 'ignore',
      ...this.#user,
    })
    for (;;) {
      try {
        await this.sql('select 1')
        return
      } catch (error) {
        if (this.#process.exitCode !== null) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  /** Stops the server: `SIGINT` ends all connections, `SIGQUIT` is a crash. */
  async stop(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const server = this.#process
    this.#process = null
    if (!server || server.exitCode !== null) return
    await new Promise((resolve) => {
      server.once('exit', resolve)
      server.kill(signal)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGQUIT')
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #data(): string {
    return join(this.folder, 'data')
  }

  get #user() {
    return asRoot() ? { uid: NOBODY, gid: NOBODY, cwd: this.folder } : { cwd: this.folder }
  }
}

function asRoot(): boolean {
  return process.getuid?.() === 0
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
