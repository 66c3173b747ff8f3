/**
 * `npm start -- FILE…` opens the app with the clips: in its window, or on a page in the browser if Electron's program is missing (`--no-open` only prints
 * the address). Builds first if the build is missing or older than its sources.
 */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { buildIfStale, electronProgram, hasScreen, root, windowProblem } from './program.mjs'

const given = process.argv.slice(2)
// Absolute paths, since the program runs in another folder.
const files = given.filter((argument) => argument !== '--no-open').map((file) => resolve(file))

buildIfStale()
const problem = windowProblem()
if (problem) {
  console.error(`${problem}\nThe same page is served for a browser instead; "npx tarsier describe FILE" describes a clip in the terminal.`)
  // In this process, so that Ctrl-C and the exit code are those of the command.
  process.argv = [process.execPath, join(root, 'bin/tarsier.mjs'), 'serve', ...(opensBrowser() ? ['--open'] : []), ...files]
  await import('../bin/tarsier.mjs')
} else {
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0
  if (asRoot) console.error("Chromium's sandbox does not run as root, so the window opens without it.")
  const { status } = spawnSync(electronProgram(), [...(asRoot ? ['--no-sandbox'] : []), '.', ...files], { cwd: root, stdio: 'inherit' })
  process.exitCode = status ?? 1
}

/** Not for programs, and not without a desktop. */
function opensBrowser() {
  return !given.includes('--no-open') && !process.env.CI && hasScreen()
}
