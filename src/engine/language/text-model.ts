import { basename } from 'node:path'
import type { Llama, LlamaContext, LlamaGrammar, LlamaModel } from 'node-llama-cpp'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { GgufFile } from '../formats/gguf/gguf-file.ts'
import { Serial } from '../serial.ts'
import { openLlamaLibrary } from './llama-library.ts'
import { isLone } from './threads.ts'

/** Context size, in tokens, for a question and its answer. */
const CONTEXT = 8192
/** Tokens reserved for the text that the chat template adds. */
const TEMPLATE_TOKENS = 64

export interface TextMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export interface TextQuestion {
  /** The last one is the question. */
  readonly messages: readonly TextMessage[]
  /** Grammar of the answer. Defaults to none. */
  readonly grammar?: (llama: Llama) => Promise<LlamaGrammar>
  readonly maxTokens: number
}

export interface TextAnswer {
  readonly text: string
  /** Whether the model came to its end. */
  readonly finished: boolean
}

/** A text model of any architecture of llama.cpp, run by node-llama-cpp. It answers one question at a time, each by itself. */
export class TextModel implements AsyncDisposable {
  readonly path: string
  /** Hash that tells files of the same name apart. */
  readonly fingerprint: string
  readonly #loaded: { readonly model: LlamaModel; readonly context: LlamaContext }
  readonly #serial = new Serial()

  private constructor(path: string, fingerprint: string, loaded: { readonly model: LlamaModel; readonly context: LlamaContext }) {
    this.path = path
    this.fingerprint = fingerprint
    this.#loaded = loaded
  }

  /**
   * Loads a GGUF. Throws `file-missing`, `file-unreadable`, `model-damaged`, `model-unsupported`, `out-of-memory`, `device-unavailable`
   * or `native-library`.
   */
  static async load(path: string, device: LanguageDeviceChoice, signal: AbortSignal): Promise<TextModel> {
    // On some invalid files llama.cpp fails an assertion, which ends the process.
    await using gguf = await GgufFile.open(path)
    const fingerprint = await gguf.fingerprint()
    const library = await openLlamaLibrary(device)
    const llama = await library.llama()
    signal.throwIfAborted()
    const threads = isLone(gguf.size, 1) ? 1 : Math.max(1, llama.cpuMathCores)
    let model: LlamaModel | null = null
    try {
      model = await llama.loadModel({ modelPath: path, loadSignal: signal, gpuLayers: library.usesGpu ? 'auto' : 0 })
      const context = await model.createContext({
        contextSize: { max: Math.min(CONTEXT, model.trainContextSize) },
        sequences: 1,
        threads,
        createSignal: signal,
      })
      return new TextModel(path, fingerprint, { model, context })
    } catch (error) {
      await model?.dispose()
      signal.throwIfAborted()
      throw await loadError(path, error)
    }
  }

  /** Name of the file. */
  get name(): string {
    return basename(this.path)
  }

  /** Answers with the most likely tokens. Throws `context-full` for texts that are too long. */
  async answer({ messages, grammar, maxTokens }: TextQuestion, signal: AbortSignal): Promise<TextAnswer> {
    const leave = await this.#serial.enter(signal)
    try {
      const { model, context } = this.#loaded
      const longest = Math.min(maxTokens, Math.floor(context.contextSize / 2))
      this.#expectRoom(messages, longest)
      const { LlamaChatSession } = await import('node-llama-cpp')
      const rules = await grammar?.(model.llama)
      const session = new LlamaChatSession({ contextSequence: context.getSequence(), autoDisposeSequence: true })
      try {
        session.setChatHistory(
          messages
            .slice(0, -1)
            .map(({ role, content }) => (role === 'assistant' ? { type: 'model', response: [content] } : { type: role, text: content })),
        )
        const options = { temperature: 0, maxTokens: longest, signal, ...(rules && { grammar: rules }) }
        // A grammar leaves no place for thoughts.
        const { responseText, stopReason } = await session.promptWithMeta(messages.at(-1)?.content ?? '', {
          ...options,
          ...(!rules && { budgets: { thoughtTokens: 0 } }),
        })
        return { text: responseText, finished: stopReason !== 'maxTokens' && stopReason !== 'abort' }
      } finally {
        session.dispose()
      }
    } finally {
      leave()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const leave = await this.#serial.enter()
    await this.#loaded.context.dispose()
    await this.#loaded.model.dispose()
    leave()
  }

  /** A context that overflows would silently lose the beginning of the question. */
  #expectRoom(messages: readonly TextMessage[], answer: number): void {
    const { model, context } = this.#loaded
    const available = context.contextSize - answer - TEMPLATE_TOKENS
    const tokens = model.tokenize(messages.map(({ content }) => content).join('\n')).length
    if (tokens <= available) return
    throw new TarsierError(
      'context-full',
      `The texts are too long for ${this.path} (${tokens} tokens, the limit is ${available}). Use a text model with a larger context.`,
      { details: { tokens, room: available } },
    )
  }
}

async function loadError(path: string, error: unknown): Promise<TarsierError> {
  const { InsufficientMemoryError } = await import('node-llama-cpp')
  if (error instanceof InsufficientMemoryError)
    return new TarsierError(
      'out-of-memory',
      `There is not enough memory for the text model ${path}. Close other programs, or use a smaller model.`,
      { cause: error },
    )
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300)
  return new TarsierError(
    'model-unsupported',
    `${path} cannot be used as a text model: ${reason}. Use a text model that llama.cpp supports.`,
    { cause: error },
  )
}
