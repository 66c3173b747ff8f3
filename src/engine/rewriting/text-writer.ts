import type { Llama } from 'node-llama-cpp'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { samplingSchema } from '../../shared/sampling.ts'
import { Conversation } from '../conversation/conversation.ts'
import { userMessage, type WriteRequest, type WrittenText } from '../engine-client.ts'
import { TextModel } from '../language/text-model.ts'
import type { LoadedModel } from '../loaded-model.ts'
import { onlyDescribes } from './rewriter.ts'

/** Writes texts without a clip, with a text model or the loaded model. Keeps the last text model in memory. */
export class TextWriter implements AsyncDisposable {
  #model: TextModel | null = null

  async write({ textModel, ...request }: WriteRequest, loaded: LoadedModel, signal: AbortSignal): Promise<WrittenText> {
    return textModel === undefined ? await ownText(request, loaded, signal) : await this.#text(textModel, request, loaded, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const model = this.#model
    this.#model = null
    await model?.[Symbol.asyncDispose]()
  }

  async #text(
    path: string,
    { prompt, grammar, maxTokens }: Omit<WriteRequest, 'textModel'>,
    loaded: LoadedModel,
    signal: AbortSignal,
  ): Promise<WrittenText> {
    if (this.#model?.path !== path) {
      await this[Symbol.asyncDispose]()
      this.#model = await TextModel.load(path, sameDevice(loaded), signal)
    }
    const question = {
      messages: [{ role: 'user', content: prompt } as const],
      maxTokens,
      ...(grammar !== undefined && { grammar: (llama: Llama) => llama.createGrammar({ grammar }) }),
    }
    return { ...(await this.#model.answer(question, signal)), model: this.#model.name }
  }
}

/** The device of the loaded model's language part, which is known to work. */
function sameDevice({ resources }: LoadedModel): LanguageDeviceChoice {
  const [build = 'cpu'] = resources.language.device.split(' ')
  return build === 'cuda' || build === 'vulkan' || build === 'metal' ? build : 'cpu'
}

async function ownText(
  { prompt, grammar, maxTokens }: Omit<WriteRequest, 'textModel'>,
  { info, resources }: LoadedModel,
  signal: AbortSignal,
): Promise<WrittenText> {
  if (!info.textTasks) throw onlyDescribes(info.name)
  const conversation = new Conversation({ ...resources, cache: null })
  try {
    const turn = {
      kind: 'chat',
      messages: [userMessage(prompt)],
      sampling: samplingSchema.parse({ maxTokens, ...(grammar !== undefined && { grammar }) }),
    } as const
    for await (const event of conversation.run(turn, signal)) {
      if (event.kind !== 'done') continue
      const { text, finish } = event.answer
      return { text, finished: finish === 'end' || finish === 'stop', model: info.name }
    }
  } finally {
    await conversation.dispose()
  }
  throw new TarsierError('internal', 'The engine returned no text. Please report it.')
}
