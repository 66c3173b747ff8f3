/** A sentence of the sources with values in it, such as `{0} is not a folder.`, ready to be recognized in finished texts. */
export interface SentencePattern {
  readonly expression: RegExp
  /** First and last fixed part: a quick test before the expression. */
  readonly begin: string
  readonly end: string
  /** Number of fixed characters. Of several matching patterns, the one with the most is meant. */
  readonly fixed: number
  /** Whether it is a part of a sentence that ends with a value, such as `exit code {0}`: it never takes the sentence's full stop for a part of that value. */
  readonly isPart: boolean
  readonly translation: string
}

/** Patterns of a catalogue: its keys with numbered places, the most specific first. */
export function sentencePatterns(catalogue: Readonly<Record<string, string>>): readonly SentencePattern[] {
  return Object.entries(catalogue)
    .filter(([key]) => /\{\d+\}/.test(key))
    .map(([key, translation]) => patternOf(key, translation))
    .sort((a, b) => b.fixed - a.fixed)
}

function patternOf(key: string, translation: string): SentencePattern {
  const parts = key.split(/\{\d+\}/)
  return {
    expression: new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('([\\s\\S]*?)')}$`),
    begin: parts[0] ?? '',
    end: parts.at(-1) ?? '',
    fixed: parts.join('').length,
    isPart: /[\p{L}\p{N}] \{\d+\}$/u.test(key),
    translation,
  }
}

/** The values of a text that follows the pattern, by their numbers; null if it does not. */
export function valuesOf(text: string, { expression, begin, end, isPart }: SentencePattern): readonly string[] | null {
  if (!text.startsWith(begin) || !text.endsWith(end) || (isPart && /[.!?]$/.test(text))) return null
  return expression.exec(text)?.slice(1) ?? null
}
