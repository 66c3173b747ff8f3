/** What `npm start` and `npm run dev` both have to know: whether the build is fresh, and where Electron's program is. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds what is not built, or older than its sources. Ends the program where that fails. */
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

/** Why no window can be opened here, in a sentence; null where one can. */
export function windowProblem() {
  // Asked of the file system: merely importing "electron" would start a download.
  if (!existsSync(electronProgram()))
    return 'The window needs Electron’s program, which is not here yet: "npx install-electron" fetches it (internet needed).'
  const screen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
  return screen ? null : 'There is no screen to open a window on.'
}

/** @returns {string} where Electron's program is, or would be */
export function electronProgram() {
  const folder = join(root, 'node_modules/electron')
  const pathFile = join(folder, 'path.txt')
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron'
  return join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name)
}
