import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import Markdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { expect, test } from 'vitest'
import { plainParts, timedText } from '../../../../src/renderer/lib/timed-parts.ts'
import type { TimedText } from '../../../../src/shared/timed-text.ts'

/** A text whose clauses and words are found in it, in the given order. */
function timed(text: string, clauses: readonly string[], words: Readonly<Record<string, number>> = {}): TimedText {
  let from = 0
  const range = (part: string) => {
    const start = text.indexOf(part, from)
    if (start < 0) throw new Error(`${part} is not in the text`)
    return { text: part, start, end: start + part.length }
  }
  const found = clauses.map((part) => {
    const place = range(part)
    from = place.end
    return { ...place, sentence: 0, begins: place.start, ends: null, confidence: 1 }
  })
  from = 0
  const own = Object.entries(words).map(([word, support]) => ({ ...range(word), support, withClip: 0, withoutClip: 0 }))
  const sentence = { text, start: 0, end: text.length, support: 1, begins: null, ends: null, words: own }
  return { text, clauses: found, sentences: [sentence], timings: { score: 0, zoom: 0 } }
}

const rendered = (given: TimedText) =>
  renderToStaticMarkup(createElement(Markdown, { remarkPlugins: [remarkGfm, timedText(given)] }, given.text)).replaceAll('\n', '')

test('marks clauses and words in plain text, and nothing else', () => {
  const text = 'A red circle moves right, then grows.'
  expect(rendered(timed(text, ['A red circle moves right', 'then grows'], { red: 0.9, grows: 0.1 }))).toBe(
    '<p><span data-clause="0">A <span data-support="0.9">red</span> circle moves right</span>, ' +
      '<span data-clause="1">then <span data-support="0.1">grows</span></span>.</p>',
  )
})

test('finds clauses across emphasis, in lists and tables, and behind escapes and references', () => {
  const emphasised = 'The **red circle** moves. It grows.'
  expect(rendered(timed(emphasised, ['The **red circle** moves.', 'It grows.']))).toBe(
    '<p><span data-clause="0">The </span><strong><span data-clause="0">red circle</span></strong><span data-clause="0"> moves.</span> ' +
      '<span data-clause="1">It grows.</span></p>',
  )
  const list = '- It moves right.\n- It\n  spins, and\n  grows.'
  expect(rendered(timed(list, ['It moves right.', 'and\n  grows.'], { spins: 0.5 }))).toBe(
    '<ul><li><span data-clause="0">It moves right.</span></li>' +
      '<li>It<span data-support="0.5">spins</span>, <span data-clause="1">andgrows.</span></li></ul>',
  )
  const escaped = 'A \\* star &amp; a dot &nbsp;spin. Then both grow.'
  expect(rendered(timed(escaped, ['Then both grow.'], { dot: 0.7 }))).toBe(
    '<p>A * star &amp; a <span data-support="0.7">dot</span> \u00a0spin. <span data-clause="0">Then both grow.</span></p>',
  )
  const table = '| when | what |\n|---|---|\n| first | it grows |'
  expect(rendered(timed(table, ['it grows']))).toContain('<td><span data-clause="0">it grows</span></td>')
})

test('cuts a range of a plain text, with characters outside of the basic plane', () => {
  const text = 'First 🔵 moves. Then it spins.'
  const given = timed(text, ['First 🔵 moves.', 'it spins'], { '🔵': 0.4, spins: 1 })
  const parts = (start?: number, end?: number) =>
    plainParts(given, start, end).map(({ text: part, clause, word }) => [part, clause, word?.support])
  expect(parts()).toEqual([
    ['First ', 0, undefined],
    ['🔵', 0, 0.4],
    [' moves.', 0, undefined],
    [' Then ', null, undefined],
    ['it ', 1, undefined],
    ['spins', 1, 1],
    ['.', null, undefined],
  ])
  expect(parts(text.indexOf('Then')).map(([part]) => part)).toEqual(['Then ', 'it ', 'spins', '.'])
  expect(plainParts(given, 3, 3)).toEqual([])
})
