import type { Emphasis, Root, RootContent, Text } from 'mdast'
import type { SupportedWord, TimedText } from '../../shared/timed-text.ts'

/** A piece of a text that belongs to at most one clause and one word. */
export interface TimedPart {
  readonly text: string
  /** Index of the clause in {@link TimedText.clauses}; null outside of all. */
  readonly clause: number | null
  /** The word that the part belongs to; null for white space and punctuation. */
  readonly word: SupportedWord | null
}

/** Cuts `text` into parts. `offsets` gives the index in the timed text of each UTF-16 unit, and of the end. */
function partsOf(text: string, offsets: readonly number[], { clauses, sentences }: Pick<TimedText, 'clauses' | 'sentences'>): TimedPart[] {
  const first = offsets[0] ?? 0
  const last = offsets.at(-1) ?? 0
  const near = <T extends { readonly start: number; readonly end: number }>(all: readonly T[]) =>
    all.filter(({ start, end }) => end > first && start < last)
  const own = clauses.flatMap((clause, index) => (clause.end > first && clause.start < last ? [{ ...clause, index }] : []))
  const words = near(sentences).flatMap((sentence) => near(sentence.words))
  const at = (offset: number) => ({
    clause: own.find(({ start, end }) => start <= offset && offset < end)?.index ?? null,
    word: words.find(({ start, end }) => start <= offset && offset < end) ?? null,
  })
  const parts: TimedPart[] = []
  let begin = 0
  let current = at(first)
  for (let i = 1; i <= text.length; i++) {
    const next = i < text.length ? at(offsets[i] ?? last) : null
    if (next !== null && next.clause === current.clause && next.word === current.word) continue
    parts.push({ text: text.slice(begin, i), ...current })
    begin = i
    if (next !== null) current = next
  }
  return parts
}

/** Parts of a plain text. */
export function plainParts(timed: Pick<TimedText, 'text' | 'clauses' | 'sentences'>, start = 0, end = timed.text.length): TimedPart[] {
  return partsOf(
    timed.text.slice(start, end),
    Array.from({ length: end - start + 1 }, (_, i) => start + i),
    timed,
  )
}

/** Property of the elements that {@link timedText} makes, with the index of the clause. */
export const CLAUSE = 'dataClause'
/** Property of the elements that {@link timedText} makes, with the support of the word. */
export const SUPPORT = 'dataSupport'

/**
 * A remark plugin that marks the clauses and words of a timed text in its Markdown. Each becomes a `span` with the property {@link CLAUSE} or
 * {@link SUPPORT}. A clause that Markdown interrupts, for example by emphasis, becomes several spans.
 */
export function timedText(timed: TimedText) {
  return () =>
    (tree: Root): void =>
      markIn(tree, timed)
}

function markIn(node: { children: RootContent[] }, timed: TimedText): void {
  node.children = node.children.flatMap((child): RootContent[] => {
    if (child.type === 'text') return marked(child, timed)
    if ('children' in child) markIn(child as { children: RootContent[] }, timed)
    return [child]
  })
}

function marked(node: Text, timed: TimedText): RootContent[] {
  const { position, value } = node
  const start = position?.start.offset
  const end = position?.end.offset
  if (start === undefined || end === undefined) return [node]
  const nodes: RootContent[] = []
  let clause: number | null = null
  let inClause: Emphasis['children'] = []
  for (const part of partsOf(value, sourceOffsets(value, timed.text.slice(start, end), start), timed)) {
    const text: Text = { type: 'text', value: part.text }
    const child = part.word === null ? text : span(SUPPORT, part.word.support, [text])
    if (part.clause === null) nodes.push(child)
    else if (part.clause === clause) inClause.push(child)
    else {
      inClause = [child]
      nodes.push(span(CLAUSE, part.clause, inClause))
    }
    clause = part.clause
  }
  return nodes
}

function span(property: string, value: number, children: Emphasis['children']): Emphasis {
  const data = { hName: 'span', hProperties: { [property]: value } }
  return { type: 'emphasis', data, children }
}

/**
 * Index in the source of each UTF-16 unit of a text node's value, and of its end. The two differ where the source has escapes, references, or the
 * indentation of a list.
 */
function sourceOffsets(value: string, source: string, start: number): number[] {
  const offsets: number[] = []
  let at = 0
  for (let i = 0; i < value.length; i++) {
    const found = value[i] === source[at] ? at : source.indexOf(value[i] as string, at)
    // A reference such as `&nbsp;` does not contain its character.
    if (found !== -1) at = found
    offsets.push(start + Math.min(at, source.length))
    at++
  }
  return [...offsets, start + source.length]
}
