import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { checkFields } from '../formats/checked-json.ts'

/** Ids of the tokens that tokenizer.json adds around every text; null for none. */
export interface TokenAdditions {
  readonly bos: number | null
  readonly eos: number | null
}

const stepSchema = z.looseObject({ type: z.string() })
const sequenceSchema = z.object({ type: z.literal('Sequence'), processors: z.array(stepSchema) })
const partSchema = z.object({ SpecialToken: z.object({ id: z.string() }).optional(), Sequence: z.object({ id: z.string() }).optional() })
const templateSchema = z.object({
  single: z.array(partSchema),
  special_tokens: z.record(z.string(), z.object({ ids: z.array(z.int().min(0)) })).optional(),
})

/**
 * Reads the tokens that a `post_processor` adds to a single text. Throws `model-unsupported` for more than one token at the start or the end,
 * and for other kinds of processors.
 * @param idOf returns the id of a token by its text
 */
export function readAdditions(processor: unknown, idOf: (text: string) => number | undefined, path: string): TokenAdditions {
  let found: TokenAdditions = { bos: null, eos: null }
  if (processor === null || processor === undefined) return found
  const refuse = (what: string) =>
    new TarsierError(
      'model-unsupported',
      `${path}: post_processor: ${what}. Only one token at the start and one at the end of a text are supported.`,
    )
  const sequence = sequenceSchema.safeParse(processor)
  const steps = sequence.success ? sequence.data.processors : [checkFields(processor, stepSchema, `${path}: post_processor`)]
  for (const step of steps) {
    if (step.type === 'ByteLevel') continue // only changes offsets
    if (step.type !== 'TemplateProcessing') throw refuse(`it adds tokens with "${step.type}"`)
    const { single, special_tokens = {} } = checkFields(step, templateSchema, `${path}: post_processor`)
    const place = single.findIndex(({ Sequence }) => Sequence !== undefined)
    const idAt = (at: number): number | null => {
      const text = single[at]?.SpecialToken?.id
      if (text === undefined) return null
      const [id, ...more] = special_tokens[text]?.ids ?? []
      const token = id ?? idOf(text)
      if (token === undefined || more.length > 0) throw refuse(`"${text}" is not one token`)
      return token
    }
    if (place < 0 || place > 1 || single.length > place + 2 || single.filter(({ Sequence }) => Sequence).length > 1)
      throw refuse('it adds several tokens at one end of a text')
    const here = { bos: idAt(place - 1), eos: idAt(place + 1) }
    if ((found.bos !== null && here.bos !== null) || (found.eos !== null && here.eos !== null)) throw refuse('it adds tokens twice')
    found = { bos: here.bos ?? found.bos, eos: here.eos ?? found.eos }
  }
  return found
}
