import { TarsierError } from '../../../shared/errors.ts'

const MAX_DEPTH = 200
const MAX_RULES = 10_000
/** Maximum total number of elements after the expansion of all repetitions. */
const MAX_ELEMENTS = 2_000_000

/**
 * Rejects a grammar on which llama.cpp's parser would run out of stack or memory. The syntax is not checked here, but by that parser.
 * Throws `usage`.
 */
export function expectBounded(grammar: string): void {
  if (grammar.includes('\0')) throw refused('it contains a NUL character')
  let depth = 0
  let rules = 0
  let elements = 0
  /** Number of elements in the item that a repetition applies to. */
  let item = 1
  // Strings, classes, comments, names, braces, and all other characters individually.
  for (const [part] of grammar.matchAll(/"(?:\\[\s\S]|[^"\\])*"?|\[(?:\\[\s\S]|[^\]\\])*\]?|#[^\r\n]*|::=|[A-Za-z0-9-]+|\{[^}]*\}?|\S/g)) {
    elements += part.length
    if (part === '(') depth += 1
    else if (part === ')') depth -= 1
    else if (part === '::=') rules += 1
    else if (part.startsWith('{')) {
      for (const [times] of part.matchAll(/\d+/g)) elements += Math.min(Number(times), 10_000) * item
      continue
    } else if (part.startsWith('#')) continue
    item = part.startsWith('"') || part.startsWith('[') ? part.length : 1
    if (depth > MAX_DEPTH) throw refused(`it has more than ${MAX_DEPTH} nested brackets`)
    if (rules > MAX_RULES) throw refused(`it has more than ${MAX_RULES} rules`)
    if (elements > MAX_ELEMENTS) throw refused('it has too many repetitions')
  }
}

/** The `usage` error of an unusable grammar. `why` is the end of a sentence without its full stop. */
export function refused(why: string): TarsierError {
  return new TarsierError('usage', `The grammar cannot be used: ${why}.`, { details: { param: 'grammar' } })
}
