import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs a program of this folder in a separate process, so that its memory can be measured, and returns the JSON that it prints. */
export async function runApart(program: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(program, import.meta.url)), ...args])
  return JSON.parse(stdout)
}
