import { basename } from 'node:path'
import type { LlamaContext, LlamaModel } from 'node-llama-cpp'
import { GgufFile } from '../../engine/formats/gguf/gguf-file.ts'
import { findGpuPack } from '../../engine/gpu-pack/find-pack.ts'
import { openLlamaLibrary } from '../../engine/language/llama-library.ts'
import { isLone } from '../../engine/language/threads.ts'
import { Serial } from '../../engine/serial.ts'
import { tarsierHome } from '../../platform/home.ts'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import { askForJson, type JudgeMessage, type VerdictSchema } from './ask-for-json.ts'
import type { Judge, JudgeCall } from './judge.ts'

/** Context size, in tokens, for a question and its answer: two long descriptions and ten verdicts with reasons take 3,000 tokens. */
const CONTEXT = 8192
const ANSWER_TOKENS = 2048
/**
 * Maximum length of one string in an answer, in characters: without a limit, a weak model never closes its quotes. Each remaining character of the
 * limit adds cost to every token (llama.cpp's grammar, demo model: 4 ms per token without a limit, 6 with 200, 15 with 400).
 */
const STRING_LENGTH = 200
/** Maximum number of list entries in the grammar if the question sets no limit, since a small model may never end a list. */
const LIST_LENGTH = 32
/** Tokens reserved for the text that the chat template adds. */
const TEMPLATE_TOKENS = 64

type Loaded = { readonly model: LlamaModel; readonly context: LlamaContext }

/**
 * A text model on this machine, without network or key. Answers one question at a time; a grammar constrains the output to the verdict's schema.
 */
export class LocalJudge implements Judge {
  readonly name: string
  readonly #file: string
  readonly #loaded: Loaded
  readonly #serial = new Serial()

  private constructor(name: string, file: string, loaded: Loaded) {
    this.name = name
    this.#file = file
    this.#loaded = loaded
  }

  /**
   * Loads a GGUF. Throws `file-missing`, `file-unreadable`, `model-damaged`, `model-unsupported`, `out-of-memory`, `device-unavailable`
   * or `native-library`.
   */
  static async load(path: string, device: LanguageDeviceChoice, signal: AbortSignal): Promise<LocalJudge> {
    // On some invalid files llama.cpp fails an assertion, which ends the process.
    await using gguf = await GgufFile.open(path)
    const fingerprint = await gguf.fingerprint()
    await findGpuPack(tarsierHome())
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
      // The file of this name may change, so the name includes a fingerprint.
      return new LocalJudge(`local ${basename(path)} ${fingerprint.slice(0, 8)}`, path, { model, context })
    } catch (error) {
      await model?.dispose()
      signal.throwIfAborted()
      throw await loadError(path, error)
    }
  }

  ask<T>(call: JudgeCall<T>, signal: AbortSignal): Promise<T> {
    return askForJson(call, async (messages, schema) => {
      const leave = await this.#serial.enter(signal)
      try {
        return await this.#complete(messages, schema, signal)
      } finally {
        leave()
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const leave = await this.#serial.enter()
    await this.#loaded.context.dispose()
    await this.#loaded.model.dispose()
    leave()
  }

  async #complete(messages: readonly JudgeMessage[], schema: VerdictSchema, signal: AbortSignal): Promise<string> {
    const { model, context } = this.#loaded
    const text = messages.map(({ content }) => content).join('\n')
    // A context that overflows would silently lose the beginning of the question.
    const answer = Math.min(ANSWER_TOKENS, Math.floor(context.contextSize / 2))
    const available = context.contextSize - answer - TEMPLATE_TOKENS
    const tokens = model.tokenize(text).length
    if (tokens > available) {
      throw new TarsierError(
        'judge-failed',
        `The texts are too long for ${this.#file} (${tokens} tokens, the limit is ${available}). Use a judge with a larger context.`,
        {
          details: { tokens, room: available },
        },
      )
    }
    const { LlamaChatSession } = await import('node-llama-cpp')
    const grammar = await model.llama.createGrammarForJsonSchema(
      bounded(schema) as Parameters<typeof model.llama.createGrammarForJsonSchema>[0],
    )
    const sequence = context.getSequence()
    const session = new LlamaChatSession({ contextSequence: sequence, autoDisposeSequence: true })
    try {
      session.setChatHistory(
        messages
          .slice(0, -1)
          .map(({ role, content }) => (role === 'assistant' ? { type: 'model', response: [content] } : { type: role, text: content })),
      )
      return await session.prompt(messages.at(-1)?.content ?? '', { grammar, temperature: 0, maxTokens: answer, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (isAbort(error)) throw error
      throw new TarsierError('judge-failed', `${this.#file} could not answer: ${wordsOf(error)}. Use another model as the judge.`, {
        cause: error,
      })
    } finally {
      session.dispose()
    }
  }
}

/** Returns the schema with a limit for every string and every list that has none. */
function bounded(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bounded)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).map(([key, value]) => [key, bounded(value)] as const)
  if (!('type' in schema)) return Object.fromEntries(entries)
  if (schema.type === 'array') return Object.fromEntries([['maxItems', LIST_LENGTH], ...entries])
  const isText = schema.type === 'string' && !('enum' in schema) && !('const' in schema)
  return Object.fromEntries(isText ? [['maxLength', STRING_LENGTH], ...entries] : entries)
}

async function loadError(path: string, error: unknown): Promise<TarsierError> {
  const { InsufficientMemoryError } = await import('node-llama-cpp')
  if (error instanceof InsufficientMemoryError)
    return new TarsierError(
      'out-of-memory',
      `There is not enough memory for the judge ${path}. Close other programs, or use a smaller model.`,
      { cause: error },
    )
  return new TarsierError(
    'model-unsupported',
    `${path} cannot be used as the judge: ${wordsOf(error)}. Use a text model that llama.cpp supports.`,
    {
      cause: error,
    },
  )
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300)
}
