import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ServeOptions } from '../serve/server.ts'
import type { Service } from '../service/service.ts'
import { clipsFragment } from '../shared/contract/addresses.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { printable } from './printable.ts'
import { homeOf } from './requests.ts'

/** Maximum number of clips in the address; browsers limit addresses to a few thousand characters. */
const MAX_CLIPS_IN_ADDRESS = 100

interface ServeCommandOptions {
  readonly host: string
  readonly port?: number
  readonly open?: boolean
  readonly token: boolean | string
  readonly allowHost?: string[]
  readonly mediaRoot?: string
  readonly allowRemote?: string[]
  readonly maxUpload: number
  readonly metrics?: boolean
  readonly home?: string
}

export function addServe(program: Command, run: RunCommand): void {
  program
    .command('serve')
    .argument('[path...]', 'clips, or folders of clips, that the page opens')
    .summary('serve the page and an OpenAI-compatible API')
    .description(
      'Serves the web page for a browser on this machine, and an OpenAI-compatible API under /v1. Prints the address, which contains a token; ' +
        'programs use the token as their API key. Agents connect to /mcp. By default the server is reachable only from this machine. Runs until Ctrl-C.',
    )
    .addOption(
      new Option('--host <address>', 'address to listen on; with any address other than 127.0.0.1, other machines can connect').default(
        '127.0.0.1',
      ),
    )
    .addOption(
      new Option('--port <number>', 'port to listen on; 0 selects a free port (default: 7860, or a free port if it is in use)').argParser(
        wholeUpTo(65535),
      ),
    )
    .option('--open', 'open the page in the browser')
    .addOption(
      new Option('--token <token>', 'token that clients must send (default: the token of the home folder, which stays the same)').argParser(
        parseToken,
      ),
    )
    .option('--no-token', 'do not require a token; every program on this machine can connect')
    .addOption(
      new Option(
        '--allow-host <name>',
        'additional host name that clients may use for this server; can be given several times; required with --host',
      ).argParser(collect),
    )
    .option('--media-root <dir>', 'folder whose files API requests and agents may refer to by path (default: none)')
    .addOption(
      new Option(
        '--allow-remote <host>',
        'host from which the API may download clips; can be given several times (default: none)',
      ).argParser(collect),
    )
    .addOption(new Option('--max-upload <GB>', 'maximum size of an uploaded file').default(16).argParser(wholeUpTo(1024)))
    .option('--metrics', 'serve Prometheus metrics under /metrics')
    .addOption(homeOption())
    .addHelpText('after', '\nExample with the OpenAI client: new OpenAI({ baseURL: "http://127.0.0.1:7860/v1", apiKey: TOKEN })')
    .action((paths: string[], options: ServeCommandOptions) => run((signal) => serve(paths, options, signal)))
}

async function serve(paths: readonly string[], options: ServeCommandOptions, signal: AbortSignal): Promise<ExitCode> {
  // Imported on demand: no other command needs a server and a database.
  const [{ DEFAULT_PORT, startServer }, { openService }] = await Promise.all([
    import('../serve/server.ts'),
    import('../service/service.ts'),
  ])
  await using service = openService({ home: homeOf(options) })
  await using server = await startServer(service, serveOptions(options))
  await service.resume()
  if (options.port === undefined && server.port !== DEFAULT_PORT)
    process.stderr.write(`Port ${DEFAULT_PORT} is in use, so the server listens on port ${server.port}.\n`)
  const address = server.address + (await clipsInAddress(service, paths, signal))
  process.stdout.write(`Tarsier is at ${address}\n`)
  if (server.token !== null)
    process.stderr.write('Keep this address secret: anyone who has it can use this server. Press Ctrl-C to stop.\n')
  if (options.open) await openBrowser(address)
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  return exitCodes.done
}

/** Opens an address in the user's browser. A failure is ignored, since the address is also printed. */
async function openBrowser(address: string): Promise<void> {
  const { default: open } = await import('open')
  const child = await open(address).catch(() => null)
  child?.once('error', () => {}) // the program does not exist
}

/** Returns the clips to open as the address's fragment: it stays in the browser, and is kept by the redirect that removes the token. */
async function clipsInAddress(service: Service, paths: readonly string[], signal: AbortSignal): Promise<string> {
  if (paths.length === 0) return ''
  const { openPaths } = await import('../service/open-paths.ts')
  const handles: string[] = []
  for (const { file } of await openPaths(service, paths, signal)) {
    if (file.kind === 'clip') handles.push(file.metadata.handle)
    else if (file.kind === 'failed') process.stderr.write(`${printable(file.name)}: ${printable(file.error.message)}\n`)
  }
  if (handles.length > MAX_CLIPS_IN_ADDRESS) {
    process.stderr.write(
      `The page opens the first ${MAX_CLIPS_IN_ADDRESS} of ${handles.length} clips. Drop the folder on the page to open all of them.\n`,
    )
  }
  return clipsFragment(handles.slice(0, MAX_CLIPS_IN_ADDRESS))
}

function serveOptions({ host, port, token, allowHost, mediaRoot, allowRemote, maxUpload, metrics }: ServeCommandOptions): ServeOptions {
  return {
    host,
    ...(port !== undefined && { port }),
    maxUpload: maxUpload * 1e9,
    ...(token === false ? { token: null } : typeof token === 'string' && { token }),
    ...(allowHost && { allowHosts: allowHost }),
    ...(mediaRoot !== undefined && { mediaRoot }),
    ...(allowRemote && { allowRemote }),
    ...(metrics !== undefined && { metrics }),
  }
}

function wholeUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number up to ${most}.`)
  }
}

function parseToken(text: string): string {
  if (/^[A-Za-z0-9_-]{16,}$/.test(text)) return text
  throw new InvalidArgumentError('It must consist of at least 16 letters, digits, dashes and underscores.')
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text]
}
