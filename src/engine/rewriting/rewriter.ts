import type { EngineEvent } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { RewritingShape, ShapedCaption } from '../../shared/shaping/caption-shape.ts'
import { type JsonValue, leavesOf } from '../../shared/shaping/fields.ts'
import type { CheckedPart } from '../../shared/shaping/rewrite.ts'
import { countWords, isEnded } from '../../shared/shaping/sentences.ts'
import { capitalized, shapedParts } from '../../shared/shaping/shape-caption.ts'
import type { Rewriter } from '../../shared/shaping/shaped-answer.ts'
import type { TimedText } from '../../shared/timed-text.ts'
import type { EngineClient, ModelInfo, TimeRequest, WrittenText } from '../engine-client.ts'
import { GrammarProblem } from '../language/grammar/gbnf.ts'
import { compileJsonSchema } from '../language/grammar/json-schema-grammar.ts'
import { rewritePrompt } from './rewrite-prompt.ts'
import { textModelFile } from './text-models.ts'

/** Parts with less support have a notice: the clip contradicts them. */
const CONTRADICTED = 0.2

export interface RewriterOptions {
  readonly engine: Pick<EngineClient, 'write' | 'timeText'>
  /** Data folder with the text models. */
  readonly home: string
  /** Path of the text model; overrides the one that a shape names. */
  readonly textModel?: string | undefined
  readonly conversation: string
  /** What the answer was an answer to. */
  readonly turn: TimeRequest['turn']
  readonly signal: AbortSignal
}

/** Rewrites the answers of a conversation with a text model, or with the conversation's model without the clip. */
export function rewriterFor(options: RewriterOptions): Rewriter {
  return {
    expectUsable: (shape) => expectTextModel(shape, options),
    rewrite: ({ text }, shape) => rewritten(text, shape, options),
  }
}

/** Throws `schema-unsupported` for fields that no grammar can enforce. */
export function expectFields(shape: RewritingShape): void {
  grammarOf(shape)
}

/**
 * Finds out before any work whether a shape can be used on this machine. Throws `schema-unsupported`, and `rewriter-missing` without its text model, or
 * if it has none and `own`, the model that answers, cannot work on texts without a clip.
 */
export async function expectTextModel(
  shape: RewritingShape,
  from: Pick<RewriterOptions, 'home' | 'textModel'>,
  own?: Pick<ModelInfo, 'name' | 'textTasks'>,
): Promise<void> {
  expectFields(shape)
  if ((await textModelOf(shape, from)) === undefined && own?.textTasks === false) throw onlyDescribes(own.name)
}

/** The error of a model that cannot rewrite. */
export function onlyDescribes(model: string): TarsierError {
  return new TarsierError(
    'rewriter-missing',
    `The model "${model}" only describes clips and cannot rewrite texts. Name a text model (a GGUF file) in the shape, or use another model.`,
  )
}

/** Rewriting where answers come from servers, which tell neither what a clip supports nor follow a grammar. */
export const noRewriter: Rewriter = {
  expectUsable: () => Promise.reject(serversCannot()),
  // biome-ignore lint/correctness/useYield: it only throws
  async *rewrite() {
    throw serversCannot()
  },
}

function serversCannot(): TarsierError {
  return new TarsierError(
    'usage',
    'Captions are rewritten only by models on this machine, since servers do not tell how much a clip supports a text. Use the engine of this machine, or a shape without "rewrite".',
  )
}

async function* rewritten(text: string, shape: RewritingShape, options: RewriterOptions): AsyncGenerator<EngineEvent, ShapedCaption> {
  const { engine, signal } = options
  const { kind, maxTokens } = shape.rewrite
  yield { kind: 'stage', stage: 'rewriting' }
  const textModel = await textModelOf(shape, options)
  const written = await engine.write({ prompt: rewritePrompt(text, shape), textModel, grammar: grammarOf(shape), maxTokens }, signal)
  expectFinished(written, shape)
  const { caption, fields, parts } = kind === 'fields' ? ofFields(written.text, shape) : ofText(written.text, shape)
  yield { kind: 'stage', stage: 'checking' }
  // A field or tag is read by itself, and a sentence after those before it.
  const apart = kind === 'fields' || shape.form === 'tags'
  const checked: CheckedPart[] = []
  for (const group of apart ? parts.map((part) => [part]) : [parts]) checked.push(...(await check(group, options)))
  const wrong = checked.filter(({ support }) => support !== null && support < CONTRADICTED).map((part) => `“${part.text}”`)
  const notices = wrong.length === 0 ? [] : [`The clip contradicts parts of the rewritten caption: ${wrong.join(', ')}.`]
  return {
    ...caption,
    notices: [...caption.notices, ...notices],
    rewritten: { kind, model: written.model, text: written.text, ...(fields && { fields }), checked },
  }
}

type Part = Pick<CheckedPart, 'field' | 'text'>

interface Outcome {
  readonly caption: ShapedCaption
  readonly fields?: Record<string, JsonValue>
  readonly parts: readonly Part[]
}

function ofText(text: string, shape: RewritingShape): Outcome {
  const { caption, parts } = shapedParts(text, shape, false)
  return { caption, parts: parts.map((part) => ({ field: null, text: part })) }
}

function ofFields(text: string, { name, language, oneLine }: RewritingShape): Outcome {
  // It follows the grammar of an object.
  const fields = JSON.parse(text) as Record<string, JsonValue>
  const parts = leavesOf(fields).flatMap(({ field, value }) =>
    typeof value === 'string' && value.trim() !== '' ? [{ field, text: value }] : [],
  )
  const words = parts.reduce((sum, part) => sum + countWords(part.text, language), 0)
  const whole = oneLine ? JSON.stringify(fields) : JSON.stringify(fields, null, 2)
  return { caption: { shape: name, text: whole, words, leftOut: 0, unmet: [], notices: [] }, fields, parts }
}

interface Span {
  readonly start: number
  readonly end: number
}

/** The parts of a caption as one text of whole sentences, with the place of each. A model expects no text to begin or end in another way. */
export function checkedText(parts: readonly Pick<Part, 'text'>[]): { readonly text: string; readonly spans: readonly Span[] } {
  let text = ''
  const spans = parts.map((part) => {
    const sentence = capitalized(part.text.trim(), 'en')
    if (text !== '') text += ' '
    const start = text.length
    text += isEnded(sentence) ? sentence : `${sentence}.`
    return { start, end: text.length }
  })
  return { text, spans }
}

/** Holds the parts of a text against the clip. */
async function check(parts: readonly Part[], { engine, conversation, turn, signal }: RewriterOptions): Promise<CheckedPart[]> {
  const { text, spans } = checkedText(parts)
  let timed: TimedText | null = null
  if (text !== '')
    for await (const event of engine.timeText(conversation, { turn, text, supportOnly: true }, signal))
      if (event.kind === 'timed') timed = event.timed
  return parts.map((part, i) => ({ ...part, support: supportIn(timed, spans[i]) }))
}

/** Support of the least supported word in a part of a text; null without words. */
function supportIn(timed: TimedText | null, span: Span | undefined): number | null {
  const words = timed?.sentences.flatMap((sentence) => sentence.words) ?? []
  const own = words.filter(({ start }) => span !== undefined && start >= span.start && start < span.end)
  return own.length === 0 ? null : Math.min(...own.map(({ support }) => support))
}

function expectFinished({ finished, text, model }: WrittenText, { rewrite }: RewritingShape): void {
  if (finished && text.trim() !== '') return
  throw new TarsierError(
    'rewrite-unfinished',
    finished
      ? `The model "${model}" wrote nothing when it was asked to rewrite the description. Use another text model.`
      : `The model "${model}" did not finish the rewritten text within ${rewrite.maxTokens} tokens. Allow more with "maxTokens" of the shape's "rewrite", or use another text model.`,
    { details: { model, maxTokens: rewrite.maxTokens } },
  )
}

/** Path of the text model; undefined for the loaded model. Throws `rewriter-missing`. */
export async function textModelOf(
  { rewrite }: RewritingShape,
  { home, textModel }: Pick<RewriterOptions, 'home' | 'textModel'>,
): Promise<string | undefined> {
  if (textModel !== undefined) return await textModelFile({ path: textModel }, home)
  return rewrite.model === undefined ? undefined : await textModelFile({ name: rewrite.model }, home)
}

/** Grammar of the fields; undefined for texts. Throws `schema-unsupported`. */
function grammarOf({ rewrite }: RewritingShape): string | undefined {
  if (rewrite.kind !== 'fields') return undefined
  const unsupported = (where: string, why: string, cause?: unknown) =>
    new TarsierError(
      'schema-unsupported',
      `The JSON schema of the fields cannot be used: ${where === '' ? '' : `${where}: `}${why}. Simplify it; docs/captions.md has an example.`,
      { cause, details: { where } },
    )
  if (rewrite.schema.type !== 'object') throw unsupported('type', 'it must be "object"')
  try {
    const { grammar, loose } = compileJsonSchema(rewrite.schema)
    const [first] = loose
    if (first) throw unsupported(first.where, `"${first.keyword}" cannot be enforced`)
    return grammar
  } catch (error) {
    throw error instanceof GrammarProblem ? unsupported(error.where, error.message, error) : error
  }
}
