import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The command line as it is built (`build.ts` sees to that): what users run, and several times as soon there as from the sources. */
export const CLI = fileURLToPath(new URL('../../../out/cli/tarsier.js', import.meta.url))

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd?: string
  /** Written to stdin, which then ends; nothing by default. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** What the command is run by; itself by default. */
  readonly around?: (command: readonly string[]) => readonly [program: string, ...args: string[]]
  /** Called once it runs; may send signals. */
  readonly onStart?: (child: ChildProcess) => void
  /** Called for what comes on stdout, with all there is so far; may send signals. */
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
  child.stdin.on('error', () => {}) // it may have ended before it read everything
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, stdout, stderr }
}

/** The lines of `--json`, parsed. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}
