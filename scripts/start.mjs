/**
 * `npm start -- FILE…` opens the app with the clips in it: in its window, or where Electron's program is missing on a page served for a browser.
 * Builds first what is not built, or older than its sources.
 */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { buildIfStale, electronProgram, root, windowProblem } from './program.mjs'

// By their whole paths: the program runs in its own folder.
const files = process.argv.slice(2).map((file) => resolve(file))

buildIfStale()
const problem = windowProblem()
if (problem) {
  console.error(`${problem}\nThe same page is served for a browser instead; "npx tarsier describe FILE" describes a clip in the terminal.`)
  // In this very process, so that Ctrl-C and the exit code are the command's own.
  process.argv = [process.execPath, join(root, 'bin/tarsier.mjs'), 'serve', ...files]
  await import('../bin/tarsier.mjs')
} else {
  const { status } = spawnSync(electronProgram(), ['.', ...files], { cwd: root, stdio: 'inherit' })
  process.exitCode = status ?? 1
}
