import { findGpuPack } from '../../engine/gpu-pack/find-pack.ts'
import { TextModel } from '../../engine/language/text-model.ts'
import { tarsierHome } from '../../platform/home.ts'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import { askForJson } from './ask-for-json.ts'
import type { Judge, JudgeCall } from './judge.ts'

const ANSWER_TOKENS = 2048
/**
 * Maximum length of one string in an answer, in characters: without a limit, a weak model never closes its quotes. Each remaining character of the
 * limit adds cost to every token (llama.cpp's grammar, demo model: 4 ms per token without a limit, 6 with 200, 15 with 400).
 */
const STRING_LENGTH = 200
/** Maximum number of list entries in the grammar if the question sets no limit, since a small model may never end a list. */
const LIST_LENGTH = 32

/**
 * A text model on this machine, without network or key. Answers one question at a time; a grammar constrains the output to the verdict's schema.
 */
export class LocalJudge implements Judge {
  readonly name: string
  readonly #model: TextModel

  private constructor(model: TextModel) {
    // The file of this name may change, so the name includes a fingerprint.
    this.name = `local ${model.name} ${model.fingerprint.slice(0, 8)}`
    this.#model = model
  }

  /** Loads a GGUF. Throws as {@link TextModel.load} does. */
  static async load(path: string, device: LanguageDeviceChoice, signal: AbortSignal): Promise<LocalJudge> {
    await findGpuPack(tarsierHome())
    return new LocalJudge(await TextModel.load(path, device, signal))
  }

  ask<T>(call: JudgeCall<T>, signal: AbortSignal): Promise<T> {
    return askForJson(call, async (messages, schema) => {
      try {
        const { text } = await this.#model.answer(
          {
            messages,
            grammar: (llama) => llama.createGrammarForJsonSchema(bounded(schema) as Parameters<typeof llama.createGrammarForJsonSchema>[0]),
            maxTokens: ANSWER_TOKENS,
          },
          signal,
        )
        return text
      } catch (error) {
        signal.throwIfAborted()
        if (isAbort(error)) throw error
        throw answerError(this.#model.path, error)
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#model[Symbol.asyncDispose]()
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

function answerError(path: string, error: unknown): TarsierError {
  if (error instanceof TarsierError) return new TarsierError('judge-failed', error.message, { cause: error, details: error.details })
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300)
  return new TarsierError('judge-failed', `${path} could not answer: ${reason}. Use another model as the judge.`, { cause: error })
}
