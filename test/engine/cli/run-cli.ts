import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The built command line (`build.ts` builds it): what users run, and several times faster to start than the sources. */
export const CLI = fileURLToPath(new URL('../../../out/cli/tarsier.js', import.meta.url))

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd?: string
  /** Written to stdin, which is then closed; empty by default. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** A program and arguments that run the command; none by default. */
  readonly around?: (command: readonly string[]) => readonly [program: string, ...args: string[]]
  /** Called after the start; may send signals. */
  readonly onStart?: (child: ChildProcess) => void
  /** Called with all of stdout so far whenever there is more; may send signals. */
  readonly onOutput?: (child: ChildProcess, soFar: string) => void
}

/** Runs the real command line as a user's shell does. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const command = [process.execPath, CLI, ...args] as const
  const [program, ...rest] = options.around?.(command) ?? command
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  options.onStart?.(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    options.onOutput?.(child, stdout)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {}) // the process may end before it has read all of stdin
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, stdout, stderr }
}

/** The parsed lines of `--json`. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}
