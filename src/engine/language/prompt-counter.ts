import { checkGguf } from './gguf-check.ts'
import type { Pointer } from './llama-header.ts'
import { type LlamaLibrary, openLlamaLibrary } from './llama-library.ts'
import { loadFile, type ModelOptions, NO_GPU, refused } from './open-model.ts'
import { buildPrompt } from './prompt.ts'
import { PromptTemplate } from './prompt-template.ts'
import { TemplateRenderer } from './template-renderer.ts'
import { Tokenizer } from './tokenizer.ts'
import type { ChatMessage } from './types.ts'

interface Parts {
  readonly library: LlamaLibrary
  readonly model: Pointer
  readonly tokenizer: Tokenizer
  readonly template: PromptTemplate
  readonly renderer: TemplateRenderer
  readonly spaces: { readonly spaceOnce: boolean; readonly spaceUnlessGiven: boolean }
}

/** Counts the tokens of prompts with a model's vocabulary and chat template. Loads no weights. */
export class PromptCounter implements AsyncDisposable {
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Reads the vocabulary of a GGUF file. Throws as `loadLanguage` does on the CPU. */
  static async open(path: string, options: ModelOptions): Promise<PromptCounter> {
    await checkGguf(path)
    const library = await openLlamaLibrary('cpu')
    const renderer = new TemplateRenderer()
    let model: Pointer | string[] = []
    try {
      model = await loadFile(library, path, { ...NO_GPU, further: { vocab_only: true } }, options.signal)
      if (typeof model !== 'bigint') throw refused(path, model)
      const tokenizer = new Tokenizer(library.api, model)
      const template = await PromptTemplate.open(renderer, options, tokenizer)
      const { spaceOnce = false, spaceUnlessGiven = false } = options
      return new PromptCounter({ library, model, tokenizer, template, renderer, spaces: { spaceOnce, spaceUnlessGiven } })
    } catch (error) {
      await renderer[Symbol.asyncDispose]()
      if (typeof model === 'bigint') library.api.modelFree(model)
      throw error
    }
  }

  /** Number of text tokens of messages, with the start of the model's turn and an answer's prefix; clips are not counted. */
  async count(messages: readonly ChatMessage[], answerPrefix: string): Promise<number> {
    const { template, tokenizer, spaces } = this.#parts
    const options = { addGenerationPrompt: true, answerPrefix, ...spaces, batch: Number.POSITIVE_INFINITY }
    const segments = await buildPrompt(template, tokenizer, messages, options)
    return segments.reduce((sum, segment) => sum + (segment.kind === 'tokens' ? segment.tokens.length : 0), 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { renderer, library, model } = this.#parts
    await renderer[Symbol.asyncDispose]()
    library.api.modelFree(model)
  }
}
