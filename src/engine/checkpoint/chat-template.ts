import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isMissing, readFailure } from '../../platform/file-failure.ts'
import { TarsierError } from '../../shared/errors.ts'
import { checkFields, readJsonFile, readTextFile } from '../formats/checked-json.ts'

const namedSchema = z.array(z.object({ name: z.string(), template: z.string() }))
const holderSchema = z.object({ chat_template: z.union([z.string(), namedSchema]).nullish() })
const contain = { huggingFaceCache: true }

export interface ChatTemplates {
  /** The processor's template, for messages with images; transformers renders with this one. */
  readonly processor: string
  /** The tokenizer's template, which llama.cpp's converter copies; identical in every published checkpoint. */
  readonly tokenizer: string
}

/** Source of a template that the user supplied as a file, for error messages. */
export const GIVEN_TEMPLATE = 'the given file'

/** Templates of published checkpoints take a few kilobytes. */
const MAX_TEMPLATE_BYTES = 1_000_000

/** Reads a template file. Throws `file-missing`, `file-unreadable`, and `model-damaged` for a file that cannot be a template. */
export async function readTemplateFile(path: string): Promise<string> {
  let bytes: Uint8Array
  try {
    const stats = await stat(path)
    if (!stats.isFile()) throw new TarsierError('file-missing', `${path} is not a file. Give the file that contains the chat template.`)
    const { size } = stats
    if (size > MAX_TEMPLATE_BYTES) throw new TarsierError('model-damaged', `${path} is too large for a chat template (${size} bytes).`)
    bytes = await readFile(path)
  } catch (error) {
    if (isMissing(error)) throw new TarsierError('file-missing', `${path} does not exist. Give the file that contains the chat template.`)
    throw readFailure(path, error)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.trim() !== '') return text
  } catch (error) {
    throw new TarsierError('model-damaged', `${path} is not UTF-8 text.`, { cause: error })
  }
  throw new TarsierError('model-damaged', `${path} is empty. Give the file that contains the chat template.`)
}

/** Reads the chat templates of a checkpoint; null for missing ones. */
export async function findChatTemplates(directory: string): Promise<{ [Whose in keyof ChatTemplates]: string | null }> {
  const jinja = await readTextFile(directory, 'chat_template.jinja', contain)
  const beside = jinja ?? (await templateIn(directory, 'chat_template.json'))
  const inTokenizer = await templateIn(directory, 'tokenizer_config.json')
  const processor = beside ?? (await templateIn(directory, 'processor_config.json')) ?? inTokenizer
  return { processor, tokenizer: inTokenizer ?? beside ?? processor }
}

/**
 * Returns the `given` chat template, or else reads the checkpoint's own from chat_template.jinja, chat_template.json, processor_config.json or
 * tokenizer_config.json. If there are several named templates, uses `default`. Throws `model-damaged` if there is none.
 */
export async function readChatTemplates(directory: string, given?: string): Promise<ChatTemplates> {
  if (given !== undefined) return { processor: given, tokenizer: given }
  const { processor, tokenizer } = await findChatTemplates(directory)
  if (processor === null || tokenizer === null) {
    throw new TarsierError(
      'model-damaged',
      `${directory} has no chat template (chat_template.jinja, chat_template.json, or chat_template in tokenizer_config.json). Download all files of the checkpoint, or give a template.`,
      { remedy: 'give-template' },
    )
  }
  return { processor, tokenizer }
}

/** Throws `model-unsupported` if the template has no placeholder for a clip. `where` is its folder or file, for the error. */
export function expectClipPlace(template: string, pad: string, where: string): void {
  if (template.includes(pad)) return
  throw new TarsierError(
    'model-unsupported',
    `The chat template in ${where} contains no placeholder for a clip ("${pad}"). Give a template that contains one.`,
    {
      remedy: 'give-template',
    },
  )
}

async function templateIn(directory: string, name: string): Promise<string | null> {
  const value = await readJsonFile(directory, name, contain)
  if (value === null) return null
  const { chat_template: template } = checkFields(value, holderSchema, join(directory, name))
  if (template === undefined || template === null || typeof template === 'string') return template ?? null
  return template.find(({ name }) => name === 'default')?.template ?? null
}
