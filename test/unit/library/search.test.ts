import { expect, test } from 'vitest'
import { partsOf, wordsOf } from '../../../src/library/search.ts'
import type { Search } from '../../../src/shared/contract/library.ts'
import { addConversation, done, eventsOf, ScratchLibrary, seen } from './scratch-library.ts'

function find(scratch: ScratchLibrary, search: Partial<Search>): string[] {
  return scratch.library.search({ text: '', limit: 50, ...search }).items.map(({ chat, clip }) => chat?.title ?? clip.name)
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

test.each([
  ['Chinese', '一个红色的圆向右移动', '红色', '色红'],
  ['Chinese beside Latin letters', '用AI助手看2个视频', 'ai助手', '助AI'],
  ['Japanese', '赤い丸がゆっくり右に動きます', 'ゆっくり', 'りくっゆ'],
  ['decomposed Japanese', 'ガラスの窓'.normalize('NFD'), 'ラスの窓', 'ラの'],
  ['Thai', 'วงกลมสีแดงเคลื่อนที่ไปทางขวา', 'แดง', 'ดแง'],
  ['Khmer', 'រង្វង់ក្រហមផ្លាស់ទី', 'ក្រហម', 'ហមក្រ'],
  ['Hindi', 'एक लाल वृत्त हिलता है', 'वृत्त', 'त्त'],
])('finds a %s word within a sentence, in names, questions, answers, their versions and moments', (_, sentence, word, other) => {
  using scratch = new ScratchLibrary()
  const { library } = scratch
  addConversation(library, '/a.mp4', 'answer', sentence)
  addConversation(library, '/b.mp4', sentence, 'A square.')
  addConversation(library, `/${sentence}.mp4`, 'name', 'A square.')
  const version = addConversation(library, '/d.mp4', 'version', sentence)
  library.chats.begin(version, 0, { question: 'version', settings: {}, model: 'demo' }, { keepAnswer: true })
  library.events.put(library.clips.add(seen('/e.mp4')).key, { model: 'demo' }, eventsOf([[0, '', [[1, sentence]]]]))
  for (const text of [word, `${word} `, word.normalize('NFD')])
    expect(find(scratch, { text })).toEqual(['e.mp4', 'version', 'name', sentence, 'answer'])
  expect(find(scratch, { text: other })).toEqual([])
  for (const { snippets } of library.search({ text: word, limit: 5 }).items) {
    const [parts = []] = snippets.map((snippet) => snippet.parts).filter((all) => all.some(({ hit }) => hit))
    expect(parts.filter(({ hit }) => hit).map(({ text }) => text.toLowerCase())).toEqual([word])
    expect(sentence.normalize('NFC')).toContain(
      parts
        .map(({ text }) => text)
        .join('')
        .replace('.mp4', ''),
    )
  }
})

test('finds several Chinese words in any order, and the beginning of one that is still typed', () => {
  using scratch = new ScratchLibrary()
  addConversation(scratch.library, '/a.mp4', 'one', '一个红色的圆向右移动。')
  addConversation(scratch.library, '/b.mp4', 'two', '蓝色方块 triangles 移动。')
  expect(find(scratch, { text: '移动 红' })).toEqual(['one'])
  expect(find(scratch, { text: '移动 trian' })).toEqual(['two'])
  expect(find(scratch, { text: '移动' })).toEqual(['two', 'one'])
  expect(find(scratch, { text: '动移' })).toEqual([])
})

test.each(['"', "' OR 1=1 --", 'NEAR(', '* AND', 'col:umn', '()', '\u0001', '\u0002', '🙂', 'a"b'])('treats %j as literal text', (text) => {
  using scratch = new ScratchLibrary()
  addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
  expect(scratch.library.search({ text, limit: 5 }).total).toBe(0)
})

test('finds other versions of an answer, and not those that were removed with their conversation', () => {
  using scratch = new ScratchLibrary()
  const id = addConversation(scratch.library, '/circle.mp4', 'What is it?', 'A red circle.')
  addConversation(scratch.library, '/square.mp4', 'Who?', 'A square.')
  const { chats } = scratch.library
  chats.begin(id, 0, { question: 'What is it?', settings: {}, model: 'demo' }, { keepAnswer: true })
  chats.end(id, 0, { state: 'done', text: 'A scarlet disc.', answer: done })
  expect(find(scratch, { text: 'circle' })).toEqual(['What is it?'])
  expect(scratch.library.search({ text: 'red', limit: 5 }).items[0]?.snippets).toEqual([
    {
      turn: 0,
      field: 'version',
      parts: [
        { text: 'A ', hit: false },
        { text: 'red', hit: true },
        { text: ' circle.', hit: false },
      ],
    },
  ])
  chats.chooseVersion(id, 0, 0)
  expect(scratch.library.search({ text: 'scarlet', limit: 5 }).items[0]?.snippets[0]).toMatchObject({ field: 'version' })
  expect(scratch.library.search({ text: 'red', limit: 5 }).items[0]?.snippets[0]).toMatchObject({ field: 'answer' })
  chats.remove(id)
  expect(find(scratch, { text: 'scarlet' })).toEqual([])
  expect(find(scratch, { text: 'square' })).toEqual(['Who?'])
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
    return { ids: items.map(({ chat }) => chat?.id), total }
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

test('finds the moments at which events and segments happen, with and without a conversation', () => {
  using scratch = new ScratchLibrary()
  const { library } = scratch
  addConversation(library, '/films/talked.mp4', 'What?', 'A red square waits.')
  const talked = library.clips.byPath('/films/talked.mp4')
  const silent = library.clips.add(seen('/films/silent.mp4'))
  library.clips.add(seen('/films/nothing.mp4'))
  const found = eventsOf([
    [
      0,
      'A square waits. A door opens.',
      [
        [1, 'A square waits.'],
        [null, 'A door opens.'],
      ],
    ],
    [
      8,
      'A gull flies by, and a red circle grows.',
      [
        [9.5, 'A gull flies by'],
        [12, 'and a red circle grows.'],
      ],
    ],
  ])
  library.events.put(talked?.key ?? -1, { model: 'demo' }, found)
  library.events.put(silent.key, { model: 'big' }, found)
  const snippetsOf = (text: string) => library.search({ text, limit: 5 }).items.map(({ clip, snippets }) => [clip.name, snippets])
  const circle = {
    field: 'event',
    start: 12,
    parts: [
      { text: 'and a red ', hit: false },
      { text: 'circle', hit: true },
      { text: ' grows.', hit: false },
    ],
  }
  expect(snippetsOf('circle')).toEqual([
    ['silent.mp4', [circle]],
    ['talked.mp4', [circle]],
  ])
  // Only the whole segment has both words; an event without a time leads to its segment.
  expect(snippetsOf('gull circle ')).toMatchObject([
    ['silent.mp4', [{ field: 'segment', start: 8 }]],
    ['talked.mp4', [{ field: 'segment', start: 8 }]],
  ])
  expect(snippetsOf('door')).toMatchObject([
    ['silent.mp4', [{ field: 'event', start: 0 }]],
    ['talked.mp4', [{ field: 'event', start: 0 }]],
  ])
  // The answer and the event of a conversation match.
  expect(library.search({ text: 'square waits', limit: 5 }).items).toMatchObject([
    { chat: null, snippets: [{ field: 'event', start: 1 }] },
    { chat: { title: 'What?' }, snippets: [{ field: 'answer' }, { field: 'event', start: 1 }] },
  ])
  expect(find(scratch, {})).toEqual(['silent.mp4', 'What?'])
  expect(library.search({ text: '', limit: 1 }).items[0]?.snippets).toMatchObject([{ field: 'segment', start: 0 }])
  expect(find(scratch, { text: 'silent' })).toEqual(['silent.mp4'])
  expect(find(scratch, { model: 'big' })).toEqual(['silent.mp4'])
  expect(find(scratch, { text: 'circle', folder: '/films' })).toEqual(['silent.mp4', 'What?'])
  expect(find(scratch, { text: 'circle', kind: 'image' })).toEqual([])
  expect(find(scratch, { text: 'circle', from: Date.now() + 1000 })).toEqual([])
  expect(library.filters()).toEqual({ models: ['big', 'demo'], folders: ['/films'] })
  library.events.put(silent.key, { model: 'big' }, eventsOf([[0, 'A star.', []]]))
  expect(find(scratch, { text: 'circle' })).toEqual(['What?'])
  expect(find(scratch, { text: 'star' })).toEqual(['silent.mp4'])
  library.events.remove(silent.key)
  expect(find(scratch, { text: 'star' })).toEqual([])
})

test.each(['강아지', 'Müller'])('finds an event with %s in any Unicode form', (word) => {
  using scratch = new ScratchLibrary()
  const { library } = scratch
  for (const form of ['NFC', 'NFD'] as const)
    library.events.put(library.clips.add(seen(`/${form}.mp4`)).key, {}, eventsOf([[0, '', [[2, `A ${word.normalize(form)} appears.`]]]]))
  for (const form of ['NFC', 'NFD'] as const)
    expect(find(scratch, { text: word.normalize(form) }).toSorted()).toEqual(['NFC.mp4', 'NFD.mp4'])
})
