import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../../bin/tarsier.mjs', import.meta.url))
const ADDRESS = /Tarsier is at (\S+)/
const START_MS = 120_000

/** `tarsier serve` on a free port, with a home of its own. */
export class Tarsier {
  readonly #child: ChildProcess
  /** With the token in it. */
  readonly address: string

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
  }

  /** `env` comes on top of the tests' own. */
  static async start(home: string, env: Readonly<Record<string, string>> = {}): Promise<Tarsier> {
    const args = [program, 'serve', '--port', '0', '--home', home]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    let said = ''
    const address = await new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`tarsier serve said no address: ${said}`)), START_MS)
      const hear = (chunk: Buffer) => {
        said += chunk
        const found = ADDRESS.exec(said)?.[1]
        if (!found) return
        clearTimeout(late)
        resolve(found)
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('exit', (code) => reject(new Error(`tarsier serve ended with ${code}: ${said}`)))
    })
    return new Tarsier(child, address)
  }

  get origin(): string {
    return new URL(this.address).origin
  }

  /** Kills the engine's process as a crash would. Linux only: it looks through /proc. */
  async killEngine(): Promise<void> {
    const engine = await findBelow(this.#child.pid ?? 0, 'engine-host')
    if (engine === null) throw new Error('No engine is running below the server.')
    process.kill(engine, 'SIGKILL')
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    await gone
  }
}

/** Whether processes can be looked through. */
export const hasProc = existsSync('/proc/self/stat')

async function findBelow(parent: number, named: string): Promise<number | null> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = await readFile(`/proc/${entry}/stat`, 'utf8')
      const above = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      if (above === parent && (await readFile(`/proc/${entry}/cmdline`, 'utf8')).includes(named)) return Number(entry)
    } catch {
      // It ended while we looked.
    }
  }
  return null
}
