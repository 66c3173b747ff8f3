import { fileURLToPath } from 'node:url'
import { PromptTokens } from '../../src/engine/host/prompt-tokens.ts'
import { readManifest } from '../../src/engine/models/manifest.ts'
import { type VllmOptions, type VllmRequest, VllmServer } from './vllm-server.ts'

const DEMO = fileURLToPath(new URL('../../resources/models/demo', import.meta.url))
const never = new AbortController().signal

/** Servers in vLLM's form that have the demo model, and count its tokens. */
export class DemoServers implements AsyncDisposable {
  /** Starting its process takes seconds. */
  readonly #tokens = new PromptTokens(DEMO)
  readonly #pixels: Pick<VllmOptions, 'minPixels' | 'maxPixels'>

  private constructor(pixels: Pick<VllmOptions, 'minPixels' | 'maxPixels'>) {
    this.#pixels = pixels
  }

  static async open(): Promise<DemoServers> {
    const manifest = await readManifest(DEMO)
    if (manifest.family !== 'tarsier2') throw new Error('the demo model has another family')
    return new DemoServers(manifest.preprocessing)
  }

  start(options: Partial<VllmOptions> = {}): Promise<VllmServer> {
    const { minPixels, maxPixels } = this.#pixels
    return VllmServer.start({ model: 'demo', textTokens: (body) => this.#textTokens(body), minPixels, maxPixels, ...options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tokens[Symbol.asyncDispose]()
  }

  #textTokens({ messages, continue_final_message: goesOn }: VllmRequest): Promise<number> {
    const last = goesOn ? messages.at(-1) : undefined
    const prefix = typeof last?.content === 'string' ? last.content : ''
    const parts = (content: VllmRequest['messages'][number]['content']) =>
      typeof content === 'string'
        ? [{ kind: 'text', text: content } as const]
        : content.map((part) => (part.type === 'text' ? ({ kind: 'text', text: part.text } as const) : ({ kind: 'clip' } as const)))
    return this.#tokens.count(
      messages.slice(0, last ? -1 : undefined).map(({ role, content }) => ({ role, content: parts(content) })),
      prefix,
      never,
    )
  }
}
