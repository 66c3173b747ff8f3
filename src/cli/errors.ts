import { inspect } from 'node:util'
import type { BrokenLine } from '../bench/json-lines.ts'
import { asTarsierError, TarsierError } from '../shared/errors.ts'
import { phrase } from '../shared/phrase.ts'
import { translate } from '../shared/translate.ts'
import { oneLine } from './printable.ts'
import { remedyText } from './remedy-text.ts'

/** Maximum length of a message. A library's message may be pages long; the important sentence comes first. */
const LONGEST = 800

/**
 * Formats an error for the user: one line, no stack, the stable code last. Prefixed with `subject` (a file), unless the message already contains
 * it.
 */
export function errorLine(error: unknown, subject?: string): string {
  const typed = asTarsierError(error)
  const { code, message } = typed
  const options = optionsFor(typed)
  const sentence = `${oneLine(translate(message)).slice(0, LONGEST)}${options && ` (${options})`}`
  const prefix = subject === undefined || message.includes(subject) ? '' : `${oneLine(subject)}: `
  return `tarsier: ${prefix}${sentence} [${code}]`
}

/** Returns the command-line options that carry out the advice of an error message, which is worded for every interface. */
function optionsFor({ code, details, remedy }: TarsierError): string {
  if (remedy !== undefined) return remedyText(remedy)
  switch (code) {
    case 'engine-crashed':
    case 'engine-hung':
    case 'native-library':
      return '--device cpu'
    case 'too-many-frames':
    case 'context-full':
    case 'out-of-memory': {
      const options = [
        ...(typeof details?.frames === 'number' ? [`--frames ${details.frames}`] : []),
        ...(typeof details?.maxPixels === 'number' ? [`--max-pixels ${details.maxPixels}`] : []),
      ]
      return options.length === 0 ? '' : translate(phrase`${options.join(' ')}; "tarsier describe --fit" does this automatically`)
    }
    default:
      return ''
  }
}

/** Converts an unusable line of a file to an error for display. */
export function brokenLineError({ file, line, reason }: Pick<BrokenLine, 'file' | 'line' | 'reason'>): TarsierError {
  return new TarsierError('bench-damaged', `${file}:${line}: ${reason}`)
}

/** Writes {@link errorLine} to stderr; with TARSIER_DEBUG=1, followed by the stack and the causes. */
export function printError(error: unknown, subject?: string): void {
  process.stderr.write(`${errorLine(error, subject)}\n`)
  if (process.env.TARSIER_DEBUG === '1') process.stderr.write(`${inspect(error)}\n`)
}
