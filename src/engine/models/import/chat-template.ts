import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { checkFields, readJsonFile, readTextFile } from '../json-file.ts'

const namedSchema = z.array(z.object({ name: z.string(), template: z.string() }))
const holderSchema = z.object({ chat_template: z.union([z.string(), namedSchema]).nullish() })
const contain = { huggingFaceCache: true }

export interface ChatTemplates {
  /** The processor's, which is for messages with pictures: what transformers renders with. */
  readonly processor: string
  /** The tokenizer's, which llama.cpp's converter carries; the same text in every published checkpoint. */
  readonly tokenizer: string
}

/** The same where a checkpoint may have none: null for what is not there. */
export async function findChatTemplates(directory: string): Promise<{ [Whose in keyof ChatTemplates]: string | null }> {
  const jinja = await readTextFile(directory, 'chat_template.jinja', contain)
  const beside = jinja ?? (await templateIn(directory, 'chat_template.json'))
  const inTokenizer = await templateIn(directory, 'tokenizer_config.json')
  const processor = beside ?? (await templateIn(directory, 'processor_config.json')) ?? inTokenizer
  return { processor, tokenizer: inTokenizer ?? beside ?? processor }
}

/**
 * The checkpoint's chat template, from chat_template.jinja, chat_template.json, processor_config.json or
 * tokenizer_config.json. Of several named ones the one named `default`. Throws `model-damaged` when there is none.
 */
export async function readChatTemplates(directory: string): Promise<ChatTemplates> {
  const { processor, tokenizer } = await findChatTemplates(directory)
  if (processor === null || tokenizer === null) {
    throw new TarsierError(
      'model-damaged',
      `${directory} has no chat template (chat_template.jinja, chat_template.json, or chat_template in tokenizer_config.json). Fetch all the checkpoint's files.`,
    )
  }
  return { processor, tokenizer }
}

async function templateIn(directory: string, name: string): Promise<string | null> {
  const value = await readJsonFile(directory, name, contain)
  if (value === null) return null
  const { chat_template: template } = checkFields(value, holderSchema, join(directory, name))
  if (template === undefined || template === null || typeof template === 'string') return template ?? null
  return template.find(({ name }) => name === 'default')?.template ?? null
}
