import { spawn } from 'node:child_process'

/** Opens an address in the person's browser. One that cannot be opened is no failure: the address is printed too. */
export function openBrowser(address: string): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', address]
        : ['xdg-open', address]
  if (program === undefined) return
  const child = spawn(program, args, { detached: true, stdio: 'ignore' })
  child.once('error', () => {}) // no such program here
  child.unref()
}
