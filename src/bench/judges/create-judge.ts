import type { RetryPolicy } from '../../engine/models/hub/transient.ts'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { CachedJudge } from './cached-judge.ts'
import type { Judge } from './judge.ts'
import type { JudgeAccount } from './openai-judge.ts'

/** The model that upstream uses as judge, by OpenAI's name and by the usual name of its Azure deployment. */
const OPENAI_MODEL = 'gpt-3.5-turbo-0125'
const AZURE_DEPLOYMENT = 'gpt-35-turbo-0125'
const OPENAI_ADDRESS = 'https://api.openai.com/v1'

type Environment = Readonly<Record<string, string | undefined>>

export interface JudgeOptions {
  /** `openai[:MODEL]`, `azure[:DEPLOYMENT]` or `local:PATH.gguf`. Defaults to `openai`. */
  readonly judge?: string | undefined
  /** File in which verdicts are cached, so that identical questions are asked only once. Without it, nothing is cached. */
  readonly cache?: string | undefined
  /** Device for a local judge. Defaults to `auto`. */
  readonly device?: LanguageDeviceChoice | undefined
  /** Environment with keys, addresses and proxies. Defaults to the process's own. */
  readonly env?: Environment
  /** How long to retry after failures of a server. Defaults to a little more than a minute. */
  readonly retryPolicy?: RetryPolicy
  readonly signal: AbortSignal
}

/**
 * Creates the judge that a user names. Keys come from the environment (`OPENAI_API_KEY`, `AZURE_OPENAI_API_KEY`) and are sent only to the server.
 * Throws `usage`, `judge-unavailable` if a key is missing, and as {@link CachedJudge.open} and loading a local model do.
 */
export async function createJudge(options: JudgeOptions): Promise<Judge> {
  const judge = await bareJudge(options)
  return options.cache === undefined ? judge : CachedJudge.open(judge, options.cache, options.signal)
}

async function bareJudge({
  judge = 'openai',
  device = 'auto',
  env = process.env,
  retryPolicy: patience,
  signal,
}: JudgeOptions): Promise<Judge> {
  const { kind, name } = parseJudge(judge)
  if (kind === 'local') {
    const { LocalJudge } = await import('./local-judge.ts')
    return LocalJudge.load(name, device, signal)
  }
  const { OpenAiJudge } = await import('./openai-judge.ts')
  return new OpenAiJudge(kind === 'openai' ? openAiAccount(name, env) : azureAccount(name, env), env, patience)
}

/** Parses a judge's {@link JudgeOptions.judge}. Throws `usage` if it is invalid. */
export function parseJudge(judge: string): { kind: 'openai' | 'azure' | 'local'; name: string } {
  const [kind, ...rest] = judge.split(':')
  const name = rest.join(':')
  if (kind === 'openai' || kind === 'azure' || (kind === 'local' && name !== '')) return { kind, name }
  throw new TarsierError('usage', `"${judge}" is not a valid judge. Use openai[:MODEL], azure[:DEPLOYMENT] or local:PATH.gguf.`)
}

function openAiAccount(model: string, env: Environment): JudgeAccount {
  const baseUrl = env.OPENAI_BASE_URL || OPENAI_ADDRESS
  // Self-hosted servers often need no key.
  const key = env.OPENAI_API_KEY || (baseUrl === OPENAI_ADDRESS ? wanted(env, 'OPENAI_API_KEY', 'openai') : '')
  return { kind: 'openai', model: model || OPENAI_MODEL, key, baseUrl }
}

function azureAccount(deployment: string, env: Environment): JudgeAccount {
  return {
    kind: 'azure',
    deployment: deployment || env.AZURE_OPENAI_DEPLOYMENT || AZURE_DEPLOYMENT,
    key: wanted(env, 'AZURE_OPENAI_API_KEY', 'azure'),
    endpoint: wanted(env, 'AZURE_OPENAI_ENDPOINT', 'azure'),
    version: env.AZURE_OPENAI_API_VERSION || wanted(env, 'OPENAI_API_VERSION', 'azure'),
  }
}

function wanted(env: Environment, name: string, judge: string): string {
  const value = env[name]
  if (value) return value
  throw new TarsierError(
    'judge-unavailable',
    `The judge "${judge}" requires the environment variable ${name}. Set it, or use an offline judge: --judge local:PATH.gguf.`,
  )
}
