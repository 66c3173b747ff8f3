import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runningProcesses } from '../../helpers/child-processes.ts'

const program = fileURLToPath(new URL('../../../bin/tarsier.mjs', import.meta.url))
const ADDRESS = /Tarsier is at (\S+)/
const START_MS = 120_000

/** `tarsier serve` with its own home folder. */
export class Tarsier {
  readonly #child: ChildProcess
  /** With the token in it. */
  readonly address: string

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
  }

  /** `env` is added to the tests' own. Without a port, it gets a free one. */
  static async start(home: string, env: Readonly<Record<string, string>> = {}, port = 0): Promise<Tarsier> {
    const args = [program, 'serve', '--port', String(port), '--home', home]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    let output = ''
    const address = await new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`tarsier serve said no address: ${output}`)), START_MS)
      const onOutput = (chunk: Buffer) => {
        output += chunk
        const found = ADDRESS.exec(output)?.[1]
        if (!found) return
        clearTimeout(late)
        resolve(found)
      }
      child.stdout.on('data', onOutput)
      child.stderr.on('data', onOutput)
      child.once('exit', (code) => reject(new Error(`tarsier serve ended with ${code}: ${output}`)))
    })
    return new Tarsier(child, address)
  }

  get origin(): string {
    return new URL(this.address).origin
  }

  /** Kills the engine's process as a crash would. */
  killEngine(): void {
    const engine = runningProcesses().find(({ parent, command }) => parent === this.#child.pid && command.includes('engine-host'))
    if (!engine) throw new Error('No engine is running below the server.')
    process.kill(engine.pid, 'SIGKILL')
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    await exited
  }
}
