import type { RetryPolicy } from '../../engine/models/hub/transient.ts'
import { ANSWER_TIMEOUT_MS, type ChatServer, chatServers, serverRetryPolicy } from '../../servers/chat-server.ts'
import { DEFAULT_PER_SERVER } from '../../servers/per-server.ts'
import { ServerConnection } from '../../servers/server-connection.ts'
import { ServerPool } from '../../servers/server-pool.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Sample } from '../sample.ts'
import type { AnswerPrefixForm } from './answer-prefix-form.ts'
import { describeSettings } from './describe-settings.ts'
import type { Answered, ModelUnderTest } from './model-under-test.ts'
import { ClipSender, type ClipSettings } from './openai-clip.ts'
import type { RunSettings } from './run-settings.ts'

export interface OpenAiModelOptions {
  readonly model: string
  /** Base URLs of servers with the same model, such as `http://localhost:8000/v1`. Defaults to `OPENAI_BASE_URL`, or else to OpenAI's own. */
  readonly baseUrls?: readonly string[] | undefined
  /** Requests that one server works on at the same time. Defaults to 8. */
  readonly perServer?: number | undefined
  readonly clip: ClipSettings
  readonly answerPrefixForm: AnswerPrefixForm
  readonly system?: string | undefined
  readonly sampling: Sampling
  /** Version of this program. */
  readonly version: string
}

/**
 * A model on OpenAI-compatible servers; supports many concurrent requests, which the servers share. The key comes from `OPENAI_API_KEY`, is sent to
 * the servers, and stored nowhere. Throws `usage` for an invalid address, including a proxy's.
 */
export class OpenAiModel implements ModelUnderTest {
  readonly settings: RunSettings
  readonly #options: OpenAiModelOptions
  readonly #connection: ServerConnection
  readonly #sender: ClipSender
  readonly #pool: ServerPool<ChatServer>

  constructor(options: OpenAiModelOptions, retryPolicy: RetryPolicy = serverRetryPolicy) {
    const { model, baseUrls = [], perServer = DEFAULT_PER_SERVER, clip, answerPrefixForm, system = '', sampling } = options
    this.#options = options
    this.#connection = new ServerConnection(process.env, ANSWER_TIMEOUT_MS)
    this.#pool = new ServerPool(chatServers(model, baseUrls, this.#connection), { perServer, retryPolicy })
    this.#sender = new ClipSender(clip)
    this.settings = {
      engine: 'openai',
      model,
      send: clip.form,
      ...(clip.form === 'frames' && { frames: clip.frames.count, sampler: clip.frames.kind, 'max-pixels': clip.maxPixels ?? null }),
      begun: answerPrefixForm,
      ...(system !== '' && { system }),
      ...describeSettings(sampling),
    }
  }

  async answer(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Answered> {
    const started = performance.now()
    const { model, system = '', sampling, version, answerPrefixForm } = this.#options
    const { parts, ...seen } = await this.#sender.show(files, sample, signal)
    const continuesAnswer = sample.answerPrefix !== '' && answerPrefixForm === 'continue'
    const messages = [
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: parts },
      ...(continuesAnswer ? [{ role: 'assistant', content: sample.answerPrefix }] : []),
    ]
    const ask = async (server: ChatServer) => ({
      ...(await server.complete({ messages, sampling, continuesAnswer }, signal)),
      url: server.url,
    })
    const { text, finish, url } = await this.#pool.run(ask, signal)
    return {
      // Some servers repeat the given beginning in the answer.
      text: sample.answerPrefix !== '' && text.startsWith(sample.answerPrefix) ? text.slice(sample.answerPrefix.length) : text,
      finish: finish ?? 'unknown',
      used: {
        engine: 'openai',
        model,
        files: {},
        ...seen,
        generation: { maxTokens: sampling.maxTokens, temperature: sampling.temperature, topP: sampling.topP },
        device: url,
        seconds: (performance.now() - started) / 1000,
        versions: { tarsier: version },
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sender[Symbol.asyncDispose]()
    await this.#connection[Symbol.asyncDispose]()
  }
}
