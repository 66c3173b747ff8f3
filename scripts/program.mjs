/** Shared by `npm start` and `npm run dev`: whether the build is up to date, and where Electron's program is. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds if the build is missing or older than its sources. Exits if the build fails. */
export function buildIfStale() {
  const built = join(root, 'out/cli/tarsier.js')
  if (existsSync(built) && newest(join(root, 'src')) <= statSync(built).mtimeMs) return
  console.error('Building…')
  const tool = join(root, 'node_modules/electron-vite/bin/electron-vite.js')
  const { status } = spawnSync(process.execPath, [tool, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status === 0) return
  console.error('The build failed. Run "npm install" and try again.')
  process.exit(1)
}

/** @param {string} folder @returns {number} time of the file changed last */
function newest(folder) {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs
  })
  return Math.max(0, ...times)
}

/** Returns the reason why no window can be opened, as a sentence; null if one can. */
export function windowProblem() {
  // Checked in the file system, because importing "electron" would start a download.
  if (!existsSync(electronProgram()))
    return 'The window needs Electron, which is not installed. Run "npx install-electron" to download it (needs an internet connection).'
  return hasScreen() ? null : 'No display was found to open a window.'
}

/** @returns {boolean} whether there is a desktop that can show a window or a browser */
export function hasScreen() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** @returns {string} the path of Electron's program, whether it exists or not */
export function electronProgram() {
  const folder = join(root, 'node_modules/electron')
  const pathFile = join(folder, 'path.txt')
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron'
  return join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name)
}
