import OpenAI, { BadRequestError } from 'openai'
import { z } from 'zod'
import type { RetryPolicy } from '../engine/models/hub/transient.ts'
import { TarsierError } from '../shared/errors.ts'
import type { Sampling } from '../shared/sampling.ts'
import type { ServerConnection } from './server-connection.ts'
import { type ModelServer, serverError } from './server-error.ts'

/** Time limit for one answer, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 10 * 60 * 1000
export const serverRetryPolicy: RetryPolicy = { attempts: 6, backoff: 500, stall: ANSWER_TIMEOUT_MS, longestWait: 10 * 60 * 1000 }

const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish() }),
        finish_reason: z.string().nullish(),
        /** vLLM's: the stop text or token that ended the answer; null for the model's own end. */
        stop_reason: z.union([z.string(), z.number()]).nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0).nullish() }).nullish(),
})

export interface Completion {
  readonly text: string
  /** The server's finish reason; null if it gave none. */
  readonly finish: string | null
  /** Whether one of the request's stop texts ended the answer; false if the server does not say. */
  readonly stopped: boolean
  /** Tokens of the prompt including those of clips; null if the server does not count them. */
  readonly promptTokens: number | null
  readonly answerTokens: number | null
}

export interface ChatServerOptions {
  /** Name of the model on the server. */
  readonly model: string
  /** Base URL, such as `http://localhost:8000/v1`. Defaults to `OPENAI_BASE_URL`, or else to OpenAI's own. */
  readonly baseUrl?: string | undefined
}

/** A request for one answer, without the model's name. */
export interface ChatQuestion {
  readonly messages: readonly object[]
  readonly sampling: Sampling
  /** Whether the last message is the beginning of the answer. */
  readonly continuesAnswer: boolean
  /** Fields beyond OpenAI's. */
  readonly further?: object | undefined
}

/**
 * One OpenAI-compatible server. The key comes from `OPENAI_API_KEY`, is sent to the server, and stored nowhere. Throws `usage` for an invalid
 * address.
 */
export class ChatServer {
  /** The address without anything that may be secret. */
  readonly url: string
  readonly #client: OpenAI
  readonly #server: ModelServer
  /** Newer OpenAI models require the other name, and report it in their error. */
  #limitName: 'max_tokens' | 'max_completion_tokens' = 'max_tokens'

  constructor({ model, baseUrl }: ChatServerOptions, connection: ServerConnection) {
    const key = process.env.OPENAI_API_KEY ?? ''
    this.#client = new OpenAI({
      // Self-hosted servers need no key, but the package requires one.
      apiKey: key === '' ? 'none' : key,
      baseURL: baseUrl,
      maxRetries: 0,
      timeout: ANSWER_TIMEOUT_MS,
      logLevel: 'off',
      fetch: connection.fetch,
    })
    this.url = printable(this.#client.baseURL)
    this.#server = { url: this.url, model, key, toCheck: connection.toCheck }
  }

  /**
   * Asks for one answer. Throws a `ServerTrouble` where another try may succeed, `not-allowed` and `model-missing` for a server that will answer no
   * request, and `model-failed` for this request.
   */
  async complete(question: ChatQuestion, signal: AbortSignal): Promise<Completion> {
    const parsed = completionSchema.safeParse(await this.#post(question, signal))
    const choice = parsed.data?.choices[0]
    if (choice === undefined)
      throw new TarsierError('model-failed', `The response of ${this.url} to this sample is not a chat completion.`, {
        cause: parsed.error,
      })
    const { message, finish_reason: finish, stop_reason: reason } = choice
    if (message.content == null)
      throw new TarsierError('model-failed', `${this.url} returned no text for this sample (finish reason: ${finish ?? 'none'}).`)
    const { usage } = parsed.data ?? {}
    return {
      text: message.content,
      finish: finish ?? null,
      stopped: finish === 'stop' && typeof reason === 'string',
      promptTokens: usage?.prompt_tokens ?? null,
      answerTokens: usage?.completion_tokens ?? null,
    }
  }

  async #post(question: ChatQuestion, signal: AbortSignal): Promise<unknown> {
    const limitName = this.#limitName
    const { messages, sampling, continuesAnswer, further } = question
    const body = {
      model: this.#server.model,
      messages,
      ...(continuesAnswer && { continue_final_message: true, add_generation_prompt: false }),
      [limitName]: sampling.maxTokens,
      ...samplingFields(sampling),
      ...further,
    }
    try {
      // The package never removes its listener from a signal: each request gets its own signal, so that thousands of listeners do not accumulate on
      // the run's.
      return await this.#client.post<unknown>('/chat/completions', { body, signal: AbortSignal.any([signal]) })
    } catch (error) {
      signal.throwIfAborted()
      const renamed = error instanceof BadRequestError && error.message.includes('max_completion_tokens')
      if (!renamed || limitName === 'max_completion_tokens') throw serverError(error, this.#server, { continuesAnswer })
      this.#limitName = 'max_completion_tokens'
      return this.#post(question, signal)
    }
  }
}

/**
 * Servers that all have the model. Throws `usage` for an invalid address, or one that is given twice.
 * @param baseUrls base URLs; empty for the default of {@link ChatServerOptions.baseUrl}
 */
export function chatServers(model: string, baseUrls: readonly string[], connection: ServerConnection): ChatServer[] {
  const servers = (baseUrls.length === 0 ? [undefined] : baseUrls).map((baseUrl) => new ChatServer({ model, baseUrl }, connection))
  const twice = servers.find(({ url }, i) => servers.findIndex((other) => other.url === url) < i)
  if (twice) throw new TarsierError('usage', `The server ${twice.url} is given twice. Give each --base-url once.`)
  return servers
}

function samplingFields({ temperature, topP, topK, repeatPenalty, seed, stop }: Sampling): object {
  return {
    temperature,
    top_p: topP,
    ...(topK > 0 && { top_k: topK }),
    ...(repeatPenalty !== 1 && { repetition_penalty: repeatPenalty }),
    ...(seed !== undefined && { seed }),
    ...(stop.length > 0 && { stop }),
  }
}

/** Removes possible secrets from an address. */
function printable(address: string): string {
  try {
    const { origin, pathname } = new URL(address)
    return `${origin}${pathname.replace(/\/$/, '')}`
  } catch (cause) {
    throw new TarsierError('usage', 'The server URL is invalid. Give a URL such as --base-url http://localhost:8000/v1.', { cause })
  }
}
