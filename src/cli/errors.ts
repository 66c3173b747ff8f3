import { inspect } from 'node:util'
import { asTarsierError } from '../shared/errors.ts'
import { oneLine } from './printable.ts'

/** A library's own message can be pages long; the sentence that matters comes first. */
const LONGEST = 800

/**
 * An error as the user reads it: one line, no stack, the stable code last. `subject` (a file) is put in front
 * unless the sentence names it already.
 */
export function errorLine(error: unknown, subject?: string): string {
  const { code, message } = asTarsierError(error)
  const sentence = oneLine(message).slice(0, LONGEST)
  const prefix = subject === undefined || message.includes(subject) ? '' : `${oneLine(subject)}: `
  return `tarsier: ${prefix}${sentence} [${code}]`
}

/** Writes {@link errorLine} to stderr; with TARSIER_DEBUG=1 the stack and the causes follow. */
export function tellError(error: unknown, subject?: string): void {
  process.stderr.write(`${errorLine(error, subject)}\n`)
  if (process.env.TARSIER_DEBUG === '1') process.stderr.write(`${inspect(error)}\n`)
}
