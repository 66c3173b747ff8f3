import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '../../src/library/ids.ts'
import { Library } from '../../src/library/library.ts'
import { costOf, type Growth } from './growth-cost.ts'
import { libraryClip, turnOf } from './page-library.ts'

const ENTRIES = [1, 10, 100, 1000, 10_000]
const TURNS = [1, 10, 100, 1000]
const PAGE = 50

/** Costs of a library with more and more conversations, and of one conversation with more and more turns. */
export async function libraryCosts(folder: string): Promise<Growth[]> {
  const growths = new Map<string, Growth['points'][number][]>()
  const note = async (what: string, size: number, work: (repeat: number) => unknown) => {
    const points = growths.get(what) ?? []
    growths.set(what, points)
    points.push({ size, cost: await costOf(work) })
  }
  for (const size of TURNS) {
    using library = filled(join(folder, `turns-${size}`), 1, size)
    const id = library.chats.ids()[0] ?? ''
    const asked = { question: 'What happens next?', settings: {}, model: 'demo' }
    await note('reading turns', size, () => library.chats.turns(id))
    await note('storing the next turn', size, () => {
      library.chats.begin(id, size, asked)
      library.chats.end(id, size, { state: 'stopped', text: 'A star moves to the left.' })
    })
  }
  for (const size of ENTRIES) {
    const home = join(folder, `entries-${size}`)
    filled(home, size, 1)[Symbol.dispose]()
    await note('opening the library', size, () => new Library(home)[Symbol.dispose]())
    using library = new Library(home)
    await note('first page', size, () => library.search({ text: '', limit: PAGE }))
    await note('last page', size, () => library.search({ text: '', limit: PAGE, offset: Math.max(0, size - PAGE) }))
    await note('search, all match', size, () => library.search({ text: 'yellow star', limit: PAGE }))
    await note('search, one matches', size, () => library.search({ text: 'part 1 of', limit: PAGE }))
    await note('adding a conversation', size, (repeat) => add(library, size + repeat, 1))
  }
  return [...growths].map(([what, points]) => ({ what, points }))
}

function filled(home: string, entries: number, turns: number): Library {
  mkdirSync(home, { recursive: true })
  const library = new Library(home)
  library.transaction(() => {
    for (let entry = 0; entry < entries; entry++) add(library, entry, turns)
  })
  return library
}

function add(library: Library, entry: number, turns: number): void {
  const created = Date.now() + entry
  const { key } = library.clips.add(libraryClip(`/clips/${entry}.mp4`, `clip ${entry + 1}.mp4`))
  const all = Array.from({ length: turns }, (_, index) => turnOf(entry, index, created))
  library.chats.restore(key, { id: newId(), title: null, created, updated: created }, all)
}
