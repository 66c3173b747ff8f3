/**
 * `npm start -- FILE…` opens the app with the clips: in its window, or on a page for the browser if Electron's program is missing. Builds first if
 * the build is missing or older than its sources.
 */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { buildIfStale, electronProgram, root, windowProblem } from './program.mjs'

// Absolute paths, since the program runs in another folder.
const files = process.argv.slice(2).map((file) => resolve(file))

buildIfStale()
const problem = windowProblem()
if (problem) {
  console.error(`${problem}\nThe same page is served for a browser instead; "npx tarsier describe FILE" describes a clip in the terminal.`)
  // In this process, so that Ctrl-C and the exit code are those of the command.
  process.argv = [process.execPath, join(root, 'bin/tarsier.mjs'), 'serve', ...files]
  await import('../bin/tarsier.mjs')
} else {
  const { status } = spawnSync(electronProgram(), ['.', ...files], { cwd: root, stdio: 'inherit' })
  process.exitCode = status ?? 1
}
