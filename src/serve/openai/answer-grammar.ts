import { either, GrammarBuilder, GrammarProblem, literal } from '../../engine/language/grammar/gbnf.ts'
import { anyJsonObject, compileJsonSchema } from '../../engine/language/grammar/json-schema-grammar.ts'
import { patternBody } from '../../engine/language/grammar/regex-grammar.ts'
import { type ChatRequest, refused } from './request.ts'

/** Grammar of an answer in GBNF, and warnings about constraints that it does not enforce. */
export interface AnswerGrammar {
  readonly grammar: string
  readonly warnings: readonly string[]
}

/** A format constraint of a request: the field, and a function that compiles its grammar. */
interface FormatRequest {
  readonly param: string
  make(): AnswerGrammar
}

/**
 * Compiles OpenAI's `response_format`, vLLM's `structured_outputs` and `guided_…`, and llama.cpp's `grammar` and `json_schema`. Returns null if
 * none is set. Throws `usage` if two are set, if one cannot be compiled, and, with `strict`, if a schema cannot be enforced completely.
 */
export function answerGrammar(request: ChatRequest): AnswerGrammar | null {
  const [format, ...more] = formatsIn(request)
  if (!format) return null
  if (more.length > 0) throw refused(more[0]?.param ?? null, `it cannot be combined with ${format.param}`)
  try {
    return format.make()
  } catch (error) {
    if (error instanceof GrammarProblem) throw refused(join(format.param, error.where), error.message)
    throw error
  }
}

function formatsIn(request: ChatRequest): FormatRequest[] {
  const { response_format: format, structured_outputs: structured, guided_json, json_schema } = request
  const formats: FormatRequest[] = []
  if (format?.type === 'json_schema') {
    const { schema, strict } = format.json_schema
    formats.push(schemaFormat('response_format.json_schema.schema', schema ?? true, strict === true))
  } else if (format?.type === 'json_object') {
    if (format.schema == null) formats.push({ param: 'response_format', make: anyObject })
    else formats.push(schemaFormat('response_format.schema', format.schema, false))
  }
  const groups = [
    ['structured_outputs.json', structured?.json, 'structured_outputs.regex', structured?.regex],
    ['guided_json', guided_json, 'guided_regex', request.guided_regex],
    ['json_schema', json_schema, '', null],
  ] as const
  for (const [jsonParam, json, regexParam, regex] of groups) {
    if (json != null) formats.push(schemaFormat(jsonParam, typeof json === 'string' ? parsed(jsonParam, json) : json, false))
    if (regex != null) formats.push({ param: regexParam, make: () => pattern(regex) })
  }
  if (structured?.json_object === true) formats.push({ param: 'structured_outputs.json_object', make: anyObject })
  for (const [param, choice] of [
    ['structured_outputs.choice', structured?.choice],
    ['guided_choice', request.guided_choice],
  ] as const)
    if (choice) formats.push({ param, make: () => ({ grammar: `root ::= ${either(choice.map(literal))}`, warnings: [] }) })
  for (const [param, grammar] of [
    ['structured_outputs.grammar', structured?.grammar],
    ['guided_grammar', request.guided_grammar],
    ['grammar', request.grammar],
  ] as const)
    if (grammar) formats.push({ param, make: () => ({ grammar, warnings: [] }) })
  return formats
}

function schemaFormat(param: string, schema: unknown, strict: boolean): FormatRequest {
  return {
    param,
    make() {
      const { grammar, loose } = compileJsonSchema(schema)
      const [first] = loose
      if (strict && first)
        throw new GrammarProblem(
          first.where,
          `"${first.keyword}" is not supported, and "strict" requires that the whole schema is enforced`,
        )
      return {
        grammar,
        warnings: loose.map(({ where, keyword }) => `${join(param, where)}: "${keyword}" is not supported and is ignored.`),
      }
    },
  }
}

function anyObject(): AnswerGrammar {
  return { grammar: anyJsonObject().grammar, warnings: [] }
}

/** The regular expression must match the whole answer, as in vLLM. */
function pattern(regex: string): AnswerGrammar {
  const builder = new GrammarBuilder()
  const body = patternBody(builder, regex, { inJson: false, anchored: true })
  return { grammar: builder.text(builder.rule(body)), warnings: [] }
}

/** Parses a schema that is given as text, as vLLM allows. */
function parsed(param: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refused(param, 'it is not JSON')
  }
}

function join(param: string, where: string): string {
  return where === '' ? param : `${param}.${where}`
}
