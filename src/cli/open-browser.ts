import { spawn } from 'node:child_process'

/** Opens an address in the user's browser. A failure is ignored, since the address is also printed. */
export function openBrowser(address: string): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', address]
        : ['xdg-open', address]
  if (program === undefined) return
  const child = spawn(program, args, { detached: true, stdio: 'ignore' })
  child.once('error', () => {}) // the program does not exist
  child.unref()
}
