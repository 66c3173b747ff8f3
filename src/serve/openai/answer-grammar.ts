import { either, GrammarBuilder, GrammarProblem, literal } from '../../engine/language/grammar/gbnf.ts'
import { anyJsonObject, compileJsonSchema } from '../../engine/language/grammar/json-schema-grammar.ts'
import { patternBody } from '../../engine/language/grammar/regex-grammar.ts'
import { type ChatRequest, refused } from './request.ts'

/** What an answer must look like, as a grammar in GBNF, and what of the wish is not held to. */
export interface AnswerGrammar {
  readonly grammar: string
  readonly warnings: readonly string[]
}

/** A wish of a request: the field it is in, and what makes a grammar of it. */
interface FormatRequest {
  readonly param: string
  make(): AnswerGrammar
}

/**
 * OpenAI's `response_format`, vLLM's `structured_outputs` and `guided_…`, llama.cpp's `grammar` and `json_schema`. Null where there is none of them.
 * Throws `usage` for two at once, and for what no grammar can be made of; with `strict`, also for what none can wholly hold to.
 */
export function answerGrammar(request: ChatRequest): AnswerGrammar | null {
  const [format, ...more] = formatsIn(request)
  if (!format) return null
  if (more.length > 0) throw refused(more[0]?.param ?? null, `it and ${format.param} exclude each other`)
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
        throw new GrammarProblem(first.where, `"${first.keyword}" cannot be held to here, and "strict" asks for all of the schema`)
      return { grammar, warnings: loose.map(({ where, keyword }) => `${join(param, where)}: "${keyword}" is not held to.`) }
    },
  }
}

function anyObject(): AnswerGrammar {
  return { grammar: anyJsonObject().grammar, warnings: [] }
}

/** The whole answer matches, as vLLM has it. */
function pattern(regex: string): AnswerGrammar {
  const builder = new GrammarBuilder()
  const body = patternBody(builder, regex, { inJson: false, anchored: true })
  return { grammar: builder.text(builder.rule(body)), warnings: [] }
}

/** vLLM takes a schema as text as well. */
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
