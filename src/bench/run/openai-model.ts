import OpenAI, { BadRequestError } from 'openai'
import { z } from 'zod'
import type { RetryPolicy } from '../../engine/models/hub/transient.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Sample } from '../sample.ts'
import { ServerConnection } from '../server-connection.ts'
import { ServerRetries } from '../server-retries.ts'
import type { AnswerPrefixForm } from './answer-prefix-form.ts'
import { describeSettings } from './describe-settings.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import { ClipSender, type ClipSettings } from './openai-clip.ts'
import { type ModelServer, serverError } from './openai-error.ts'
import type { RunSettings } from './run-settings.ts'

export interface OpenAiModelOptions {
  readonly model: string
  /** Base URL, such as `http://localhost:8000/v1`. Defaults to `OPENAI_BASE_URL`, or else to OpenAI's own. */
  readonly baseUrl?: string | undefined
  readonly clip: ClipSettings
  readonly answerPrefixForm: AnswerPrefixForm
  readonly sampling: Sampling
  /** Version of this program. */
  readonly version: string
}

/** Timeout of one answer, in milliseconds. */
const TIMEOUT_MS = 10 * 60 * 1000
const serverRetryPolicy: RetryPolicy = { attempts: 6, backoff: 500, stall: TIMEOUT_MS, longestWait: 10 * 60 * 1000 }

const completionSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullish() }), finish_reason: z.string().nullish() })).min(1),
})

/**
 * A model on any OpenAI-compatible server; supports many concurrent requests. The key comes from `OPENAI_API_KEY`, is sent to the server, and
 * stored nowhere. Throws `usage` for an invalid address, including a proxy's.
 */
export class OpenAiModel implements ModelUnderTest {
  readonly settings: RunSettings
  readonly #options: OpenAiModelOptions
  readonly #client: OpenAI
  readonly #connection: ServerConnection
  readonly #sender: ClipSender
  readonly #retryPolicy: ServerRetries
  readonly #server: ModelServer
  /** Newer OpenAI models require the other name, and report it in their error. */
  #limitName: 'max_tokens' | 'max_completion_tokens' = 'max_tokens'

  constructor(options: OpenAiModelOptions, retryPolicy: RetryPolicy = serverRetryPolicy) {
    const { model, clip, answerPrefixForm, sampling } = options
    const key = process.env.OPENAI_API_KEY ?? ''
    this.#options = options
    this.#retryPolicy = new ServerRetries(retryPolicy)
    this.#connection = new ServerConnection(process.env, TIMEOUT_MS)
    this.#client = new OpenAI({
      // Self-hosted servers need no key, but the package requires one.
      apiKey: key === '' ? 'none' : key,
      baseURL: options.baseUrl,
      maxRetries: 0,
      timeout: TIMEOUT_MS,
      logLevel: 'off',
      fetch: this.#connection.fetch,
    })
    this.#server = { url: printable(this.#client.baseURL), model, key, toCheck: this.#connection.toCheck }
    this.#sender = new ClipSender(clip)
    this.settings = {
      engine: 'openai',
      model,
      send: clip.form,
      ...(clip.form === 'frames' && { frames: clip.frames.count, sampler: clip.frames.kind, 'max-pixels': clip.maxPixels ?? null }),
      begun: answerPrefixForm,
      ...describeSettings(sampling),
    }
  }

  async answer(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Answered> {
    const started = performance.now()
    const { model, sampling, version } = this.#options
    const { parts, ...seen } = await this.#sender.show(files, sample, signal)
    const [choice] = (await this.#complete(sample, parts, signal)).choices
    const text = choice?.message.content
    if (text == null)
      throw new TarsierError(
        'model-failed',
        `${this.#server.url} returned no text for this sample (finish reason: ${choice?.finish_reason ?? 'none'}).`,
      )
    return {
      // Some servers repeat the given beginning in the answer.
      text: sample.answerPrefix !== '' && text.startsWith(sample.answerPrefix) ? text.slice(sample.answerPrefix.length) : text,
      finish: choice?.finish_reason ?? 'unknown',
      used: {
        engine: 'openai',
        model,
        files: {},
        ...seen,
        generation: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
        device: this.#server.url,
        seconds: (performance.now() - started) / 1000,
        versions: { tarsier: version },
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sender[Symbol.asyncDispose]()
    await this.#connection[Symbol.asyncDispose]()
  }

  async #complete(sample: Sample, shown: readonly object[], signal: AbortSignal): Promise<z.infer<typeof completionSchema>> {
    const response = await this.#retryPolicy.run(() => this.#post(sample, shown, signal), signal)
    const parsed = completionSchema.safeParse(response)
    if (parsed.success) return parsed.data
    throw new TarsierError('model-failed', `The response of ${this.#server.url} to this sample is not a chat completion.`, {
      cause: parsed.error,
    })
  }

  async #post(sample: Sample, shown: readonly object[], signal: AbortSignal): Promise<unknown> {
    const limitName = this.#limitName
    try {
      // The package never removes its listener from a signal: each request gets its own signal, so that thousands of listeners do not accumulate on
      // the run's.
      const options = { body: this.#body(sample, shown), signal: AbortSignal.any([signal]) }
      return await this.#client.post<unknown>('/chat/completions', options)
    } catch (error) {
      signal.throwIfAborted()
      const renamed = error instanceof BadRequestError && error.message.includes('max_completion_tokens')
      if (!renamed || limitName === 'max_completion_tokens')
        throw serverError(error, this.#server, { continuesAnswer: this.#goesOn(sample) })
      this.#limitName = 'max_completion_tokens'
      return this.#post(sample, shown, signal)
    }
  }

  #goesOn({ answerPrefix }: Sample): boolean {
    return answerPrefix !== '' && this.#options.answerPrefixForm === 'continue'
  }

  #body(sample: Sample, shown: readonly object[]): object {
    const { model, sampling } = this.#options
    const { maxTokens, temperature, topP, topK, repeatPenalty, seed, stop } = sampling
    const goesOn = this.#goesOn(sample)
    return {
      model,
      messages: [{ role: 'user', content: shown }, ...(goesOn ? [{ role: 'assistant', content: sample.answerPrefix }] : [])],
      ...(goesOn && { continue_final_message: true, add_generation_prompt: false }),
      [this.#limitName]: maxTokens,
      temperature,
      top_p: topP,
      ...(topK > 0 && { top_k: topK }),
      ...(repeatPenalty !== 1 && { repetition_penalty: repeatPenalty }),
      ...(seed !== undefined && { seed }),
      ...(stop.length > 0 && { stop }),
    }
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
