import { type CharacterRange, characters, either, type GrammarBuilder, GrammarProblem, literal } from './gbnf.ts'

const LAST = 0x10ffff
const MAX_DEPTH = 100
const DIGIT: readonly CharacterRange[] = [[0x30, 0x39]]
const WORD: readonly CharacterRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
const SPACE: readonly CharacterRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x2028, 0x2029],
]
const LINE_ENDS: readonly CharacterRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]
const ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, '0': 0 }
/** Characters that JSON escapes with a backslash; other control characters are excluded. */
const JSON_ESCAPES = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
])

/** Part of a pattern: its body, and whether it can match the empty string. */
interface Piece {
  readonly body: string
  readonly empty: boolean
}

/**
 * Converts a regular expression (JavaScript syntax, without backreferences and without assertions inside the pattern) to the body of a
 * rule.
 * @param inJson as the content of a JSON string, where some characters are escaped; otherwise as plain text
 * @param anchored whether the whole text must match even without `^` and `$`
 */
export function patternBody(
  grammar: GrammarBuilder,
  pattern: string,
  { inJson, anchored }: { inJson: boolean; anchored: boolean },
): string {
  try {
    new RegExp(pattern, 'u')
  } catch (error) {
    throw new GrammarProblem('', `the pattern is not a regular expression (${error instanceof Error ? error.message : String(error)})`)
  }
  return new PatternReader(grammar, pattern, inJson).whole(anchored)
}

class PatternReader {
  readonly #grammar: GrammarBuilder
  readonly #letters: readonly string[]
  readonly #inJson: boolean
  #at = 0
  #depth = 0

  constructor(grammar: GrammarBuilder, pattern: string, inJson: boolean) {
    this.#grammar = grammar
    this.#letters = Array.from(pattern)
    this.#inJson = inJson
  }

  whole(anchored: boolean): string {
    const anything = anchored ? '' : `${this.#grammar.rule(this.#oneOf([[0, LAST]]))}*`
    const alternatives: string[] = []
    do {
      const fromStart = this.#take('^')
      const { body } = this.#sequence()
      const toEnd = this.#take('$')
      alternatives.push([fromStart ? '' : anything, body, toEnd ? '' : anything].filter(Boolean).join(' ') || '""')
    } while (this.#take('|'))
    if (this.#at < this.#letters.length) throw this.#unsupported(`"${this.#letters[this.#at]}" in this place`)
    return either(alternatives)
  }

  #alternatives(): Piece {
    const pieces: Piece[] = []
    do pieces.push(this.#sequence())
    while (this.#take('|'))
    return { body: either(pieces.map(({ body }) => body || '""')), empty: pieces.some(({ empty }) => empty) }
  }

  #sequence(): Piece {
    const bodies: string[] = []
    let empty = true
    for (;;) {
      const letter = this.#letters[this.#at]
      if (letter === undefined || letter === '|' || letter === ')' || letter === '$') break
      const piece = this.#repeated(this.#atom())
      if (piece.body !== '') bodies.push(piece.body)
      empty &&= piece.empty
    }
    return { body: bodies.join(' '), empty }
  }

  #repeated(atom: Piece): Piece {
    const times = this.#quantifier()
    if (!times) return atom
    this.#take('?') // lazy quantifiers match the same texts
    const [min, max] = times
    if (max === 0) return { body: '', empty: true }
    if (atom.empty) throw this.#unsupported('a repetition of an expression that can be empty')
    return { body: this.#grammar.repeated(atom.body, min, max), empty: min === 0 }
  }

  #quantifier(): readonly [number, number] | null {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY]
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY]
    if (this.#take('?')) return [0, 1]
    const braces = /^\{(\d{1,6})(,(\d{1,6})?)?\}/.exec(this.#letters.slice(this.#at, this.#at + 16).join(''))
    if (!braces) return null
    this.#at += braces[0].length
    const min = Number(braces[1])
    if (braces[2] === undefined) return [min, min]
    return [min, braces[3] === undefined ? Number.POSITIVE_INFINITY : Number(braces[3])]
  }

  #atom(): Piece {
    const letter = this.#letters[this.#at] ?? ''
    this.#at += 1
    if (letter === '(') return this.#group()
    if (letter === '[') return { body: this.#oneOf(this.#class()), empty: false }
    if (letter === '.') return { body: this.#oneOf(complement(LINE_ENDS)), empty: false }
    if (letter === '\\') return { body: this.#oneOf(this.#escape()), empty: false }
    if (letter === '^') throw this.#unsupported('"^" inside a pattern')
    const code = letter.codePointAt(0) ?? 0
    return { body: this.#oneOf([[code, code]]), empty: false }
  }

  #group(): Piece {
    if (this.#take('?') && !this.#take(':')) {
      const name = /^<[^=!>][^>]*>/.exec(this.#letters.slice(this.#at, this.#at + 100).join(''))
      if (!name) throw this.#unsupported('a lookaround or another group that starts with "(?"')
      this.#at += Array.from(name[0]).length
    }
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#unsupported(`more than ${MAX_DEPTH} nested groups`)
    const piece = this.#alternatives()
    if (!this.#take(')')) throw this.#unsupported(`"${this.#letters[this.#at] ?? ''}" inside a group`)
    this.#depth -= 1
    return { ...piece, body: this.#grammar.rule(piece.body) }
  }

  #class(): readonly CharacterRange[] {
    const negated = this.#take('^')
    const ranges: CharacterRange[] = []
    while (!this.#take(']')) {
      const first = this.#member()
      const [from] = first[0] ?? [0]
      if (first.length === 1 && this.#letters[this.#at] === '-' && this.#letters[this.#at + 1] !== ']') {
        this.#at += 1
        const [, to] = this.#member()[0] ?? [0, from]
        ranges.push([from, to])
      } else ranges.push(...first)
    }
    return negated ? complement(ranges) : ranges
  }

  #member(): readonly CharacterRange[] {
    const letter = this.#letters[this.#at] ?? ''
    this.#at += 1
    if (letter === '\\') return this.#take('b') ? [[8, 8]] : this.#escape()
    const code = letter.codePointAt(0) ?? 0
    return [[code, code]]
  }

  #escape(): readonly CharacterRange[] {
    const letter = this.#letters[this.#at] ?? ''
    this.#at += 1
    switch (letter) {
      case 'd':
        return DIGIT
      case 'D':
        return complement(DIGIT)
      case 'w':
        return WORD
      case 'W':
        return complement(WORD)
      case 's':
        return SPACE
      case 'S':
        return complement(SPACE)
      case 'x':
        return this.#hex(/^[0-9a-fA-F]{2}/)
      case 'u':
        return this.#hex(/^(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]{1,6}\})/)
      default: {
        const code = ESCAPES[letter] ?? (/[^0-9A-Za-z]/.test(letter) ? (letter.codePointAt(0) ?? 0) : null)
        if (code === null) throw this.#unsupported(`"\\${letter}"`)
        return [[code, code]]
      }
    }
  }

  #hex(form: RegExp): readonly CharacterRange[] {
    const digits = form.exec(this.#letters.slice(this.#at, this.#at + 8).join(''))?.[0]
    if (digits === undefined) throw this.#unsupported('an incomplete escape sequence')
    this.#at += digits.length
    const code = Number.parseInt(digits.replace(/[{}]/g, ''), 16)
    return [[code, code]]
  }

  /** One character of the ranges; in JSON, some are written with a backslash. */
  #oneOf(ranges: readonly CharacterRange[]): string {
    if (!this.#inJson) return oneOf(ranges)
    const plain = without(ranges, [
      [0, 0x1f],
      [0x22, 0x22],
      [0x5c, 0x5c],
      [0x7f, 0x7f],
    ])
    const written = [...JSON_ESCAPES].filter(([code]) => ranges.some(([from, to]) => from <= code && code <= to))
    const bodies = [...(plain.length > 0 ? [oneOf(plain)] : []), ...written.map(([, text]) => literal(text))]
    if (bodies.length === 0) throw this.#unsupported('an empty character class')
    return either(bodies)
  }

  #take(letter: string): boolean {
    if (this.#letters[this.#at] !== letter) return false
    this.#at += 1
    return true
  }

  #unsupported(what: string): GrammarProblem {
    return new GrammarProblem('', `the pattern contains ${what}, which grammars do not support`)
  }
}

function oneOf(ranges: readonly CharacterRange[]): string {
  const [only] = ranges
  if (!only) throw new GrammarProblem('', 'the pattern contains an empty character class')
  return ranges.length === 1 && only[0] === only[1] ? literal(String.fromCodePoint(only[0])) : characters(ranges)
}

function complement(ranges: readonly CharacterRange[]): CharacterRange[] {
  return without([[0, LAST]], ranges)
}

/** Characters in ranges that are not in `others`. */
function without(ranges: readonly CharacterRange[], others: readonly CharacterRange[]): CharacterRange[] {
  let left = [...ranges]
  for (const [from, to] of others)
    left = left.flatMap(([first, last]): CharacterRange[] => {
      if (last < from || first > to) return [[first, last]]
      return [...(first < from ? [[first, from - 1] as const] : []), ...(last > to ? [[to + 1, last] as const] : [])]
    })
  return left
}
