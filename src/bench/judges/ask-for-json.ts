import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { firstIssue } from '../../shared/schema-issue.ts'
import { pythonStrip } from '../python-text.ts'
import type { JudgeCall } from './judge.ts'

export interface JudgeMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** JSON Schema (2020-12) of a verdict. */
export type VerdictSchema = Readonly<Record<string, unknown>>

/** Requests a completion from a judge. Returns the whole answer, or the part before it was cut off. */
export type Completion = (messages: readonly JudgeMessage[], schema: VerdictSchema) => Promise<string>

/** Maximum number of answers requested before a question counts as failed. */
const ATTEMPTS = 3
/** Maximum number of characters of an unusable answer that are sent back to the judge. */
const SHOWN_AGAIN = 2000

/**
 * Asks until the answer matches the schema. Sends an invalid answer back to the judge with the errors and the schema; throws `judge-failed` after
 * the last attempt. Never interprets anything but the JSON of an answer.
 */
export async function askForJson<T>(call: JudgeCall<T>, complete: Completion): Promise<T> {
  const { $schema: _, ...schema } = z.toJSONSchema(call.schema)
  const question: JudgeMessage[] = [
    { role: 'system', content: call.system },
    { role: 'user', content: call.user },
  ]
  let messages: readonly JudgeMessage[] = question
  let wrong = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const text = await complete(messages, schema)
    const read = readVerdict(text, call.schema)
    if ('verdict' in read) return read.verdict
    wrong = read.wrong
    messages = [
      ...question,
      { role: 'assistant', content: text.slice(0, SHOWN_AGAIN) || '(nothing)' },
      {
        role: 'user',
        content: `This answer cannot be used: ${wrong}. Answer the question again with one JSON object and nothing else. It must follow this JSON schema:\n${JSON.stringify(schema)}`,
      },
    ]
  }
  throw new TarsierError(
    'judge-failed',
    `The judge returned no valid answer in ${ATTEMPTS} attempts (${wrong}). Run the evaluation again, or use a stronger judge.`,
    { details: { prompt: call.prompt.name, version: call.prompt.version } },
  )
}

/**
 * Schema of one of some words, in lower case. Judges without constrained output also write them with capitals and blanks, as upstream accepts them.
 */
export function wordSchema<const Word extends string>(words: readonly Word[]) {
  return z.preprocess((word) => (typeof word === 'string' ? pythonStrip(word).toLowerCase() : word), z.enum(words))
}

/** Parses the verdict in an answer, or returns a description of the error. Ignores a code fence and reasoning text around the JSON. */
export function readVerdict<T>(text: string, schema: z.ZodType<T>): { readonly verdict: T } | { readonly wrong: string } {
  const spoken = withoutReasoning(text.trim())
  const bare = /^```\w*\s([\s\S]*)```$/.exec(spoken)?.[1] ?? spoken
  let value: unknown
  try {
    value = JSON.parse(bare)
  } catch (error) {
    return { wrong: `it is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return { verdict: parsed.data }
  return { wrong: `it has another shape: ${firstIssue(parsed.error).text}` }
}

/** Many servers leave out the opening tag, which is part of the prompt. */
function withoutReasoning(answer: string): string {
  const end = '</think>'
  return answer.startsWith('{') || !answer.includes(end) ? answer : answer.slice(answer.indexOf(end) + end.length).trim()
}
