import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { isMissing } from '../../../platform/file-failure.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { type Proxies, proxiesOf } from './proxies.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Hub settings from the environment, in the same variables as for the Python library. */
export interface HubSettings {
  /** Address of the hub, without a trailing slash. */
  readonly endpoint: string
  /** Sent only to the endpoint; null if there is none. */
  readonly token: string | null
  /** Cache of the Python hub library; may not exist. */
  readonly cache: string
  /** Whether requests are forbidden. */
  readonly offline: boolean
  readonly proxies: Proxies
}

const TRUE = /^(1|on|yes|true)$/i
const PUBLIC_HUB = 'https://huggingface.co'
/** Characters that are valid in a header. */
const TOKEN = /^[\x21-\x7e]+$/

/**
 * Reads HF_ENDPOINT, HF_TOKEN (or the token file that `hf auth login` writes), HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HTTP_PROXY,
 * HTTPS_PROXY, ALL_PROXY and NO_PROXY, and their older names. Throws `usage` for an invalid endpoint or token.
 */
export async function hubSettings(env: Environment, user: string = homedir()): Promise<HubSettings> {
  const home = resolve(env.HF_HOME || join(env.XDG_CACHE_HOME || join(user, '.cache'), 'huggingface'))
  return {
    endpoint: endpointOf(env.HF_ENDPOINT || PUBLIC_HUB),
    token: await tokenOf(env, env.HF_TOKEN_PATH || join(home, 'token')),
    cache: resolve(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    offline: TRUE.test(env.HF_HUB_OFFLINE ?? '') || TRUE.test(env.TRANSFORMERS_OFFLINE ?? ''),
    proxies: proxiesOf(env),
  }
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  throw new TarsierError('usage', `HF_ENDPOINT is "${text}", which is not a valid URL. Set it to a URL such as ${PUBLIC_HUB}, or unset it.`)
}

async function tokenOf(env: Environment, file: string): Promise<string | null> {
  const given = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || '').trim()
  const token = given || (TRUE.test(env.HF_HUB_DISABLE_IMPLICIT_TOKEN ?? '') ? '' : (await textOf(file)).trim())
  if (token === '') return null
  if (TOKEN.test(token)) return token
  throw new TarsierError('usage', `${given ? 'HF_TOKEN' : file} is not a valid token: it contains spaces or invalid characters.`)
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw new TarsierError('file-unreadable', `The hub token in ${file} cannot be read. Make the file readable, or set HF_TOKEN.`, {
      cause: error,
    })
  }
}
