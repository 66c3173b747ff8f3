/**
 * `npm run dev -- FILE…`: serves the page from its sources with hot reload, and opens the files in it. Uses the app's window if Electron's program
 * is installed, otherwise a page for the browser; in the latter case, changes to the service or the engine need a restart.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import tailwind from '@tailwindcss/vite'
import { createServer } from 'vite'
import { buildIfStale, root, windowProblem } from './program.mjs'

const files = process.argv.slice(2).map((file) => resolve(file))
const problem = windowProblem()
if (problem) {
  console.error(`${problem}\nThe page is served for a browser instead.`)
  await serve()
} else {
  const tool = join(root, 'node_modules/electron-vite/bin/electron-vite.js')
  const child = spawn(process.execPath, [tool, 'dev', '--', ...files], { cwd: root, stdio: 'inherit' })
  child.once('exit', (code) => process.exit(code ?? 1))
}

/** Serves the page's files with Vite, and proxies everything else to `tarsier serve`. */
async function serve() {
  buildIfStale()
  const token = randomBytes(24).toString('base64url')
  const args = [join(root, 'bin/tarsier.mjs'), 'serve', '--port', '0', '--token', token, ...files]
  const tarsier = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  tarsier.once('exit', (code) => process.exit(code ?? 1))
  process.once('exit', () => tarsier.kill())
  // By default, these signals end a process without an `exit` event, and the server would keep running.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => process.exit())
  const address = await new Promise((told) => {
    tarsier.stdout.setEncoding('utf8').on('data', (text) => {
      const found = /Tarsier is at (\S+)/.exec(text)?.[1]
      if (found) told(new URL(found))
    })
  })
  /** Sends requests with the server's own origin and token; both stay on this machine. @type {import('vite').ProxyOptions} */
  const behind = { target: address.origin, changeOrigin: true, headers: { authorization: `Bearer ${token}`, origin: address.origin } }
  const vite = await createServer({
    configFile: false,
    root: join(root, 'src/renderer'),
    plugins: [tailwind()],
    // As in the build: the page's content security policy does not allow `data:` URLs.
    build: { assetsInlineLimit: 0 },
    server: { host: '127.0.0.1', proxy: { '/rpc': behind, '/clips': behind } },
  })
  await vite.listen()
  console.log(`The page is at ${vite.resolvedUrls?.local[0] ?? ''}${address.hash}`)
}
