/** Maximum repetition count that llama.cpp expands; it silently treats larger counts as unbounded. */
const MAX_WRITTEN_OUT = 1000
/** Limits on the size of a grammar. */
const MAX_RULES = 8000
const MAX_CHARACTERS = 1_000_000
const MAX_REPETITIONS = 100_000

/** An unsupported construct in the source of a grammar (a schema, a pattern); `where` is its location in the source. */
export class GrammarProblem extends Error {
  readonly where: string

  constructor(where: string, message: string) {
    super(message)
    this.where = where
  }
}

/** Collects the rules of a grammar in llama.cpp's GBNF. Rules with equal bodies are shared, so that equal alternatives can be merged. */
export class GrammarBuilder {
  readonly #rules = new Map<string, string>()
  readonly #names = new Map<string, string>()
  #characters = 0
  #repetitions = 0

  /** Returns the name of the rule with this body; adds the rule if necessary. */
  rule(body: string): string {
    const known = this.#names.get(body)
    if (known) return known
    const name = this.reserve()
    this.#names.set(body, name)
    this.define(name, body)
    return name
  }

  /** Reserves a name for a rule whose body is defined later, for recursive rules. */
  reserve(): string {
    const name = `r${this.#rules.size}`
    this.define(name, '')
    return name
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body)
    this.#characters += body.length
    if (this.#rules.size > MAX_RULES || this.#characters > MAX_CHARACTERS)
      throw new GrammarProblem('', 'it is too large to be converted to a grammar')
  }

  /** Repeats an item between `min` and `max` times; `max` may be infinite. The item must not match the empty string. */
  repeated(item: string, min: number, max: number): string {
    const name = this.rule(item)
    if (max === Number.POSITIVE_INFINITY) {
      if (min === 0) return `${name}*`
      return min === 1 ? `${name}+` : `${this.#exactly(name, min - 1)} ${name}+`
    }
    this.#count(max)
    const sure = min > 0 ? this.#exactly(name, min) : ''
    const more = this.#upTo(name, max - min)
    return [sure, more].filter(Boolean).join(' ') || '""'
  }

  /** A list of items with a separator. */
  separated(item: string, separator: string, min: number, max: number): string {
    if (max === 0) return '""'
    const name = this.rule(item)
    const further = this.repeated(`${separator} ${name}`, Math.max(0, min - 1), max - 1)
    return min === 0 ? `(${name} ${further})?` : `${name} ${further}`
  }

  /** @param root name of the start rule */
  text(root: string): string {
    return `root ::= ${root}\n${[...this.#rules].map(([name, body]) => `${name} ::= ${body}\n`).join('')}`
  }

  #exactly(name: string, count: number): string {
    this.#count(count)
    const whole = Math.floor(count / MAX_WRITTEN_OUT)
    const rest = count % MAX_WRITTEN_OUT
    const blocks = whole === 0 ? [] : Array.from({ length: whole }, () => this.rule(`${name}{${MAX_WRITTEN_OUT}}`))
    return [...blocks, ...(rest === 0 ? [] : [rest === 1 ? name : `${name}{${rest}}`])].join(' ')
  }

  #upTo(name: string, count: number): string {
    if (count <= 0) return ''
    if (count === 1) return `${name}?`
    if (count <= MAX_WRITTEN_OUT) return `${name}{0,${count}}`
    return this.rule(`${name}{0,${MAX_WRITTEN_OUT - 1}} | ${name}{${MAX_WRITTEN_OUT}} ${this.#upTo(name, count - MAX_WRITTEN_OUT)}`)
  }

  #count(repetitions: number): void {
    this.#repetitions += repetitions
    if (this.#repetitions > MAX_REPETITIONS)
      throw new GrammarProblem('', `it has repetitions of more than ${MAX_REPETITIONS}, which a grammar does not support`)
  }
}

/** Text that must match exactly. */
export function literal(text: string): string {
  const escaped = Array.from(text, (letter) => {
    if (letter === '"' || letter === '\\') return `\\${letter}`
    const code = letter.codePointAt(0) ?? 0
    return code < 0x20 || code === 0x7f ? hex(code) : letter
  })
  return `"${escaped.join('')}"`
}

/** A range of code points, both ends included. */
export type CharacterRange = readonly [from: number, to: number]

/** One character in the ranges, or in none of them if `negated`. */
export function characters(ranges: readonly CharacterRange[], negated = false): string {
  const body = ranges.map(([from, to]) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}`)).join('')
  return `[${negated ? '^' : ''}${body}]`
}

/** Alternatives of rules, without duplicates; without alternatives, the empty string. */
export function either(alternatives: readonly string[]): string {
  const different = [...new Set(alternatives)]
  return different.length === 1 ? (different[0] ?? '""') : `(${different.join(' | ')})`
}

function hex(code: number): string {
  if (code >= 0x30 && code <= 0x7a && /[0-9A-Za-z]/.test(String.fromCodePoint(code))) return String.fromCodePoint(code)
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}
