import { type Command, Option } from 'commander'
import type { ServerPictures } from '../servers/clip-form.ts'
import { DEFAULT_PER_SERVER } from '../servers/per-server.ts'
import type { RemoteEngineOptions } from '../servers/remote-engine.ts'
import { parseName } from './options.ts'
import { homeOf } from './requests.ts'
import { parseWorkers } from './run-text.ts'

/** Options of commands whose answers may come from servers instead of this machine's engine. */
export interface ServerOptions {
  readonly engine?: 'local' | 'tarsier' | 'openai'
  readonly baseUrl?: readonly string[] | undefined
  readonly serverModel?: string | undefined
  readonly inFlight?: number | undefined
  readonly pictures?: 'png' | 'jpeg' | undefined
}

const HEADING =
  'Servers (with --engine openai; the key is read from OPENAI_API_KEY, proxies from HTTPS_PROXY, HTTP_PROXY and NO_PROXY; see docs/scale.md):'
const NEEDED = ['baseUrl', 'serverModel', 'inFlight', 'pictures'] as const

export function serverOptions(): Option[] {
  const options = [
    new Option(
      '--engine <name>',
      '"local" runs the model on this machine; "openai" prepares the clips here and has OpenAI-compatible servers with the same model (vLLM, "tarsier serve") answer',
    )
      .choices(['local', 'openai'])
      .default('local'),
    baseUrlOption(
      'base URL of a server, such as http://gpu:8000/v1; can be repeated for servers that share the clips (default: OPENAI_BASE_URL)',
    ),
    serverModelOption('name of the model on the servers (default: the name of --model)'),
    inFlightOption(),
    picturesOption(),
  ]
  for (const option of options) option.helpGroup(HEADING)
  return options
}

/** The option for addresses of servers; it can be repeated. */
export function baseUrlOption(description: string): Option {
  return new Option('--base-url <url>', description).argParser((text: string, earlier: readonly string[] = []) => [
    ...earlier,
    parseName(text),
  ])
}

export function inFlightOption(): Option {
  return new Option(
    '--in-flight <n>',
    `number of requests that each server works on at the same time (default: ${DEFAULT_PER_SERVER})`,
  ).argParser(parseWorkers)
}

/** The option for the name that servers give to an imported model. */
export function serverModelOption(description: string): Option {
  return new Option('--server-model <name>', description).argParser(parseName)
}

export function picturesOption(): Option {
  return new Option(
    '--pictures <format>',
    'how an imported model\'s frames are sent to servers: "png" keeps every pixel, "jpeg" takes about a third of the bytes (default: png)',
  ).choices(['png', 'jpeg'])
}

/** The format for servers; PNG if none is given. */
export function picturesOf(pictures: ServerOptions['pictures']): ServerPictures {
  return pictures === 'jpeg' ? 'fine-jpeg' : 'png'
}

/** Reports a usage error for options of servers without `--engine openai`. */
export function checkServerOptions(command: Command, options: ServerOptions): void {
  if (options.engine === 'openai') return
  const given = NEEDED.find((name) => options[name] !== undefined)
  if (given)
    command.error(`error: option '--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}' requires '--engine openai'`)
}

/** What the options say about servers; null for this machine's engine. */
export function remoteOptions(
  { engine, baseUrl = [], serverModel, inFlight, pictures, ...options }: ServerOptions & { readonly model: string; readonly home?: string },
  onNotice: (text: string) => void,
): RemoteEngineOptions | null {
  if (engine !== 'openai') return null
  return {
    model: options.model,
    home: homeOf(options),
    baseUrls: baseUrl,
    serverModel,
    perServer: inFlight,
    format: picturesOf(pictures),
    onNotice,
  }
}
