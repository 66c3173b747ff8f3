import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ServeOptions } from '../serve/server.ts'
import type { Service } from '../service/service.ts'
import { clipsFragment } from '../shared/contract/addresses.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { openBrowser } from './open-browser.ts'
import { homeOption } from './options.ts'
import { printable } from './printable.ts'
import { homeOf } from './requests.ts'

/** Maximum number of clips in the address; browsers limit addresses to a few thousand characters. */
const MAX_TOKEN_IN_URL = 100

interface ServeCommandOptions {
  readonly host: string
  readonly port: number
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
    .argument('[path...]', 'clips, or folders of them, that the page opens')
    .summary('serve the page and an OpenAI-compatible API')
    .description(
      'Serves the page, for a browser on this machine, and an OpenAI-compatible API under /v1. Prints the address, which holds a token; ' +
        'programs give the token as their API key. Only this machine can reach it unless told otherwise. Runs until Ctrl-C.',
    )
    .addOption(new Option('--host <address>', 'where to listen; other machines can reach anything but 127.0.0.1').default('127.0.0.1'))
    .addOption(new Option('--port <number>', '0 takes one that is free').default(7860).argParser(wholeUpTo(65535)))
    .option('--open', 'open the page in the browser')
    .addOption(new Option('--token <token>', 'the token to ask for (default: a new one)').argParser(parseToken))
    .option('--no-token', 'let every program of this machine in')
    .addOption(
      new Option(
        '--allow-host <name>',
        'a further name by which the server may be called; may be given several times; needed with --host',
      ).argParser(collect),
    )
    .option('--media-root <dir>', 'a folder whose files the API may be asked about by path (default: none)')
    .addOption(
      new Option(
        '--allow-remote <host>',
        'a host from which the API may fetch clips; may be given several times (default: none)',
      ).argParser(collect),
    )
    .addOption(new Option('--max-upload <GB>', 'the largest file that is taken').default(16).argParser(wholeUpTo(1024)))
    .option('--metrics', 'numbers for Prometheus under /metrics')
    .addOption(homeOption())
    .addHelpText('after', '\nExample with OpenAI\'s client: new OpenAI({ baseURL: "http://127.0.0.1:7860/v1", apiKey: TOKEN })')
    .action((paths: string[], options: ServeCommandOptions) => run((signal) => serve(paths, options, signal)))
}

async function serve(paths: readonly string[], options: ServeCommandOptions, signal: AbortSignal): Promise<ExitCode> {
  // Imported on demand: no other command needs a server and a database.
  const [{ startServer }, { openService }] = await Promise.all([import('../serve/server.ts'), import('../service/service.ts')])
  await using service = openService({ home: homeOf(options) })
  await using server = await startServer(service, serveOptions(options))
  await service.resume()
  const address = server.address + (await clipsInAddress(service, paths, signal))
  process.stdout.write(`Tarsier is at ${address}\n`)
  if (server.token !== null) process.stderr.write('Keep the address to yourself: whoever has it can use this server. Ctrl-C ends it.\n')
  if (options.open) openBrowser(address)
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  return exitCodes.done
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
  if (handles.length > MAX_TOKEN_IN_URL) {
    process.stderr.write(
      `The page opens the first ${MAX_TOKEN_IN_URL} of ${handles.length} clips. Drop the folder on it for all of them.\n`,
    )
  }
  return clipsFragment(handles.slice(0, MAX_TOKEN_IN_URL))
}

function serveOptions({ host, port, token, allowHost, mediaRoot, allowRemote, maxUpload, metrics }: ServeCommandOptions): ServeOptions {
  return {
    host,
    port,
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
  throw new InvalidArgumentError('It must be 16 or more letters, digits, dashes and underscores.')
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text]
}
