import OpenAI, { APIError, AzureOpenAI, type ClientOptions } from 'openai'
import { type RetryPolicy, Transient } from '../../engine/models/hub/transient.ts'
import { ServerConnection } from '../../servers/server-connection.ts'
import { ServerRetries } from '../../servers/server-retries.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { askForJson, type JudgeMessage, type VerdictSchema } from './ask-for-json.ts'
import type { Judge, JudgeCall } from './judge.ts'
import { type JudgeServer, judgeError, judgeRetryPolicy } from './judge-error.ts'

/** Address and key of a judge's server. The key is sent to the server, and not stored. */
export type JudgeAccount =
  | { readonly kind: 'openai'; readonly model: string; readonly key: string; readonly baseUrl: string }
  | { readonly kind: 'azure'; readonly deployment: string; readonly key: string; readonly endpoint: string; readonly version: string }

/** Ways to constrain the output to the verdict's schema, strictest first. The strictest that the server accepts is used. */
type AnswerForm = 'schema' | 'object' | 'text'

/** Maximum length of an answer: far above any verdict; a longer answer means that the model has gone astray. */
const LONGEST_ANSWER = 32_000
/** Time limit for one complete answer, in milliseconds. */
const LONGEST_TIME = 5 * 60_000

/** A judge on an OpenAI-compatible server or on Azure. Streams answers, so that an answer that breaks off or never ends is detected. */
export class OpenAiJudge implements Judge {
  readonly name: string
  readonly #client: OpenAI
  readonly #connection: ServerConnection
  readonly #server: JudgeServer
  readonly #retryPolicy: ServerRetries
  #form: AnswerForm = 'schema'
  /** Some models accept only their default temperature. */
  #greedy = true
  #reached = false

  /** @param env environment with the proxy settings */
  constructor(account: JudgeAccount, env: Readonly<Record<string, string | undefined>>, retryPolicy: RetryPolicy = judgeRetryPolicy) {
    this.#connection = new ServerConnection(env, retryPolicy.stall)
    this.#retryPolicy = new ServerRetries(retryPolicy)
    this.#client = clientFor(account, this.#connection)
    this.#server = serverOf(account, this.#connection)
    this.name = nameOf(account, this.#server)
  }

  ask<T>(call: JudgeCall<T>, signal: AbortSignal): Promise<T> {
    return askForJson(call, (messages, schema) =>
      this.#retryPolicy.run(() => this.#complete(call.prompt.name, messages, schema, signal), signal),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }

  async #complete(name: string, messages: readonly JudgeMessage[], schema: VerdictSchema, signal: AbortSignal): Promise<string> {
    for (;;) {
      const [form, greedy] = [this.#form, this.#greedy]
      try {
        return await this.#stream(
          {
            model: this.#server.model,
            messages: [...messages],
            ...(greedy && { temperature: 0 }),
            ...formatFor(form, name, schema),
          },
          signal,
        )
      } catch (error) {
        signal.throwIfAborted()
        if (this.#askForLess(error, form, greedy)) continue
        throw judgeError(error, this.#server, this.#reached)
      }
    }
  }

  async #stream(body: Omit<OpenAI.ChatCompletionCreateParamsStreaming, 'stream'>, signal: AbortSignal): Promise<string> {
    const late = AbortSignal.timeout(LONGEST_TIME)
    let text = ''
    let finish: string | null = null
    try {
      const chunks = await this.#client.chat.completions.create({ ...body, stream: true }, { signal: AbortSignal.any([signal, late]) })
      this.#reached = true
      for await (const chunk of chunks) {
        // Chunks may be incomplete: Azure's first has no choices.
        const choice = chunk.choices?.[0]
        if (!choice) continue
        if (choice.delta?.refusal) throw new TarsierError('judge-failed', 'The judge refused to answer. The sample counts as failed.')
        text += choice.delta?.content ?? ''
        finish = choice.finish_reason ?? finish
        if (text.length > LONGEST_ANSWER) return text
      }
    } catch (error) {
      if (late.aborted && !signal.aborted) return text // incomplete because of the time limit: asked again, like any unusable answer
      throw error
    }
    if (late.aborted && !signal.aborted) return text
    signal.throwIfAborted() // the client ends an aborted stream without an error
    if (finish === null) throw this.#brokenOff()
    if (finish === 'content_filter')
      throw new TarsierError(
        'judge-failed',
        `The content filter of ${this.#server.host} blocked the judge's answer. The sample counts as failed.`,
      )
    return text
  }

  /** Whether to repeat the request in a form that the server has not rejected. A concurrent request may already have switched the form. */
  #askForLess(error: unknown, form: AnswerForm, greedy: boolean): boolean {
    if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return false
    const about = `${error.param ?? ''} ${error.message}`
    if (greedy && /temperature/.test(about)) {
      this.#greedy = false
      return true
    }
    if (form !== 'text' && /response_format|json_schema|json_object|structured|grammar|schema/i.test(about)) {
      if (this.#form === form) this.#form = form === 'schema' ? 'object' : 'text'
      return true
    }
    return false
  }

  #brokenOff(): Transient {
    const { host } = this.#server
    return new Transient(
      new TarsierError(
        'judge-unavailable',
        `The connection to the judge at ${host} was interrupted. Try again later. Existing verdicts are kept.`,
        {
          details: { host },
        },
      ),
    )
  }
}

function formatFor(form: AnswerForm, name: string, schema: VerdictSchema): Pick<OpenAI.ChatCompletionCreateParams, 'response_format'> {
  switch (form) {
    case 'schema':
      return { response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } } }
    case 'object':
      return { response_format: { type: 'json_object' } }
    case 'text':
      return {}
    default:
      return assertNever(form, 'form of an answer')
  }
}

function clientFor(account: JudgeAccount, { fetch }: ServerConnection): OpenAI {
  const common: Pick<ClientOptions, 'maxRetries' | 'logLevel' | 'fetch'> = {
    // This class retries itself: the client's retries cannot be aborted while they wait. The client's log would contain questions and answers.
    maxRetries: 0,
    logLevel: 'off',
    fetch,
  }
  // Self-hosted servers often need no key, but the client requires a non-empty string.
  if (account.kind === 'openai') return new OpenAI({ ...common, apiKey: account.key || 'none', baseURL: account.baseUrl })
  // Null prevents the client from reading another address from the environment.
  return new AzureOpenAI({ ...common, apiKey: account.key, baseURL: null, endpoint: account.endpoint, apiVersion: account.version })
}

function serverOf(account: JudgeAccount, { toCheck }: ServerConnection): JudgeServer {
  switch (account.kind) {
    case 'openai':
      return {
        host: hostOf(account.baseUrl, 'OPENAI_BASE_URL'),
        model: account.model,
        key: account.key,
        toCheck,
        settings: { address: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY' },
      }
    case 'azure':
      return {
        host: hostOf(account.endpoint, 'AZURE_OPENAI_ENDPOINT'),
        model: account.deployment,
        key: account.key,
        toCheck,
        settings: { address: 'AZURE_OPENAI_ENDPOINT', key: 'AZURE_OPENAI_API_KEY' },
      }
    default:
      return assertNever(account, 'account')
  }
}

function hostOf(address: string, setting: string): string {
  const url = URL.canParse(address) ? new URL(address) : null
  // Credentials in the address would appear in errors, and no such server needs them.
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.host
  throw new TarsierError('usage', `${setting} is not a valid URL. Set it to a URL such as http://localhost:8000/v1.`)
}

/** Includes the host in the name, except for OpenAI's own, since a model of the same name on another server may be a different model. */
function nameOf({ kind }: JudgeAccount, { host, model }: JudgeServer): string {
  return host === 'api.openai.com' ? `openai ${model}` : `${kind} ${model} at ${host}`
}
