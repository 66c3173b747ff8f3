/** Most repetitions that llama.cpp writes out; more would silently mean "without end" there. */
const MAX_WRITTEN_OUT = 1000
/** Bounds on what one grammar may become. */
const MAX_RULES = 8000
const MAX_CHARACTERS = 1_000_000
const MAX_REPETITIONS = 100_000

/** What a source of rules (a schema, a pattern) asks for and cannot be had; `where` is its place in that source. */
export class GrammarProblem extends Error {
  readonly where: string

  constructor(where: string, message: string) {
    super(message)
    this.where = where
  }
}

/** Collects the rules of a grammar in llama.cpp's GBNF. Equal bodies share a rule, so that alternatives which are the same are one. */
export class GrammarBuilder {
  readonly #rules = new Map<string, string>()
  readonly #names = new Map<string, string>()
  #characters = 0
  #repetitions = 0

  /** The name of the rule with this body. */
  rule(body: string): string {
    const known = this.#names.get(body)
    if (known) return known
    const name = this.reserve()
    this.#names.set(body, name)
    this.define(name, body)
    return name
  }

  /** A name for a rule whose body is given later, for rules that refer to themselves. */
  reserve(): string {
    const name = `r${this.#rules.size}`
    this.define(name, '')
    return name
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body)
    this.#characters += body.length
    if (this.#rules.size > MAX_RULES || this.#characters > MAX_CHARACTERS)
      throw new GrammarProblem('', 'it is too large to be turned into a grammar')
  }

  /** An item so many times; `max` may be infinite. The item must not be empty. */
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

  /** Items with a separator between them. */
  separated(item: string, separator: string, min: number, max: number): string {
    if (max === 0) return '""'
    const name = this.rule(item)
    const further = this.repeated(`${separator} ${name}`, Math.max(0, min - 1), max - 1)
    return min === 0 ? `(${name} ${further})?` : `${name} ${further}`
  }

  /** @param root the name of the rule that everything begins with */
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
      throw new GrammarProblem('', `it repeats things more than ${MAX_REPETITIONS} times, which is too much for a grammar`)
  }
}

/** Text as it stands. */
export function literal(text: string): string {
  const escaped = Array.from(text, (letter) => {
    if (letter === '"' || letter === '\\') return `\\${letter}`
    const code = letter.codePointAt(0) ?? 0
    return code < 0x20 || code === 0x7f ? hex(code) : letter
  })
  return `"${escaped.join('')}"`
}

/** Characters from one to another, both included. */
export type CharacterRange = readonly [from: number, to: number]

/** One character out of ranges, or one that is in none of them. */
export function characters(ranges: readonly CharacterRange[], negated = false): string {
  const body = ranges.map(([from, to]) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}`)).join('')
  return `[${negated ? '^' : ''}${body}]`
}

/** A rule that any one of the alternatives, which are rules themselves, satisfies. Duplicates are left out; of none it is the empty text. */
export function either(alternatives: readonly string[]): string {
  const different = [...new Set(alternatives)]
  return different.length === 1 ? (different[0] ?? '""') : `(${different.join(' | ')})`
}

function hex(code: number): string {
  if (code >= 0x30 && code <= 0x7a && /[0-9A-Za-z]/.test(String.fromCodePoint(code))) return String.fromCodePoint(code)
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}
