import { expect, test } from 'vitest'
import { partsOf, wordsOf } from '../../../src/library/search.ts'
import type { Search } from '../../../src/shared/contract/library.ts'
import { addConversation, ScratchLibrary, seen } from './scratch-library.ts'

function find(scratch: ScratchLibrary, search: Partial<Search>): string[] {
  return scratch.library.search({ text: '', limit: 50, ...search }).items.map(({ chat }) => chat.title)
}

test('finds words of questions, answers and names without regard to case and accents, the last one by its prefix', () => {
  using scratch = new ScratchLibrary()
  addConversation(scratch.library, '/films/strand.mp4', 'Describe it', 'Ein Kind läuft über den Strand.')
  addConversation(scratch.library, '/films/holiday-cafe.mp4', 'Who waits?', 'A red circle waits; then it grows.')
  expect(find(scratch, { text: 'LAUFT' })).toEqual(['Describe it'])
  expect(find(scratch, { text: 'circle gro' })).toEqual(['Who waits?'])
  expect(find(scratch, { text: 'circle gro ' })).toEqual([])
  expect(find(scratch, { text: 'waits' })).toEqual(['Who waits?'])
  expect(find(scratch, { text: 'café' })).toEqual(['Who waits?'])
  expect(find(scratch, { text: 'circle strand' })).toEqual([])
  expect(find(scratch, {})).toEqual(['Who waits?', 'Describe it'])
})

test.each(['강아지', 'ガラス', 'παράθυρο', 'Müller'])(
  'finds %s in any Unicode form, since macOS and keyboards use different ones',
  (word) => {
    using scratch = new ScratchLibrary()
    addConversation(scratch.library, `/films/${word.normalize('NFD')} one.mp4`, 'one', 'A square.')
    addConversation(scratch.library, '/films/two.mp4', 'two', `It says ${word.normalize('NFC')}.`)
    for (const form of ['NFC', 'NFD'] as const) expect(find(scratch, { text: word.normalize(form) })).toEqual(['two', 'one'])
    expect(find(scratch, { text: `${word} one` })).toEqual(['one'])
  },
)

test.each(['"', "' OR 1=1 --", 'NEAR(', '* AND', 'col:umn', '()', '\u0002', '🙂', 'a"b'])('treats %j as literal text', (text) => {
  using scratch = new ScratchLibrary()
  addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  expect(scratch.library.search({ text, limit: 5 }).total).toBe(0)
})

test('returns excerpts in parts, with markup as text', () => {
  using scratch = new ScratchLibrary()
  addConversation(scratch.library, '/circle.mp4', 'Is there a circle?', '<b>Yes</b>, a circle & a square.')
  const [hit] = scratch.library.search({ text: 'circle', limit: 5 }).items
  expect(hit?.snippets).toEqual([
    {
      turn: 0,
      field: 'name',
      parts: [
        { text: 'circle', hit: true },
        { text: '.mp4', hit: false },
      ],
    },
    {
      turn: 0,
      field: 'answer',
      parts: [
        { text: '<b>Yes</b>, a ', hit: false },
        { text: 'circle', hit: true },
        { text: ' & a square.', hit: false },
      ],
    },
    {
      turn: 0,
      field: 'question',
      parts: [
        { text: 'Is there a ', hit: false },
        { text: 'circle', hit: true },
        { text: '?', hit: false },
      ],
    },
  ])
})

test('filters by model, folder, kind and time', () => {
  using scratch = new ScratchLibrary()
  const { library } = scratch
  addConversation(library, '/films/2025/a.mp4', 'First', 'x', 'demo')
  addConversation(library, '/films-too/b.mp4', 'Second', 'x', 'big')
  const image = library.clips.add(seen('/films/c.png', { kind: 'image' }))
  const { id } = library.chats.create(image.key)
  library.chats.begin(id, 0, { question: 'Third', settings: {}, model: 'big' })
  expect(find(scratch, { model: 'big' })).toEqual(['Third', 'Second'])
  expect(find(scratch, { folder: '/films' })).toEqual(['Third', 'First'])
  expect(find(scratch, { kind: 'image' })).toEqual(['Third'])
  expect(find(scratch, { from: Date.now() + 1000 })).toEqual([])
  expect(find(scratch, { to: Date.now() + 1000, text: 'x' })).toEqual(['Second', 'First'])
  expect(library.filters()).toEqual({ models: ['big', 'demo'], folders: ['/films', '/films-too', '/films/2025'] })
})

test('returns any page of the results among two thousand conversations', () => {
  using scratch = new ScratchLibrary()
  scratch.library.transaction(() => {
    for (let i = 0; i < 2000; i++) addConversation(scratch.library, `/f/${i}.mp4`, `Question ${i}`, `A square number ${i % 100} of words.`)
  })
  const part = (text: string, offset: number, limit: number) => {
    const { items, total } = scratch.library.search({ text, limit, offset })
    return { ids: items.map(({ chat }) => chat.id), total }
  }
  for (const [text, total] of [
    ['', 2000],
    ['square 42 ', 20],
  ] as const) {
    const whole = part(text, 0, total)
    expect(new Set(whole.ids).size).toBe(total)
    for (const offset of [0, 8, total - 5]) expect(part(text, offset, 8)).toEqual({ ids: whole.ids.slice(offset, offset + 8), total })
    expect(part(text, total, 8)).toEqual({ ids: [], total })
  }
})

test('splits a query into words', () => {
  expect(wordsOf('  ')).toBe('')
  expect(wordsOf('!?')).toBeNull()
  expect(wordsOf('red "circle')).toBe('"red" AND "circle"*')
  expect(partsOf('a \u0002b\u0003\u0002c\u0003')).toEqual([
    { text: 'a ', hit: false },
    { text: 'b', hit: true },
    { text: 'c', hit: true },
  ])
})
