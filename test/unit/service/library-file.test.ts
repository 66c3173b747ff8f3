import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { exportLibrary, importLibrary } from '../../../src/service/library-file.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { addConversation, eventsOf, ScratchLibrary, seen } from '../library/scratch-library.ts'

const UPLOAD = 'AbCdEfGhIjKlMnOpQrStUv.mp4'

function clipsOf(library: Library) {
  return library.chats.ids().map((id) => library.clips.get(library.chats.summary(id).clip))
}

test('a clip that was never hashed is not added again, neither to its own library nor to another', async () => {
  using scratch = new ScratchLibrary()
  const { library } = scratch
  const id = addConversation(library, '/films/a.mp4', 'What?', 'A square.')
  const clip = library.clips.get(library.chats.summary(id).clip)
  library.events.put(clip.key, {}, eventsOf([[0, 'A star.', []]]))
  expect(clip.hash).toBeNull()
  const { text } = exportLibrary(library, [id], [])
  for (let i = 0; i < 2; i++) expect(importLibrary(library, '/uploads', text)).toEqual({ added: 0, present: 2 })
  expect(library.clips.bySize(clip.bytes)).toEqual([clip])

  await using folder = await ScratchFolder.make()
  using other = new Library(folder.directory)
  expect(importLibrary(other, '/uploads', text)).toEqual({ added: 2, present: 0 })
  expect(importLibrary(other, '/uploads', text)).toEqual({ added: 0, present: 2 })
  expect(clipsOf(other)).toMatchObject([{ id: clip.id, path: '/films/a.mp4', given: '/films/a.mp4' }])
  expect(other.clips.bySize(clip.bytes)).toHaveLength(1)
})

test('a clip that was opened before its export was imported is the same one', async () => {
  using scratch = new ScratchLibrary()
  const id = addConversation(scratch.library, '/films/a.mp4', 'What?', 'A square.')
  const { text } = exportLibrary(scratch.library, [id], [])
  await using folder = await ScratchFolder.make()
  using other = new Library(folder.directory)
  const opened = other.clips.add({ ...seen('/films/a.mp4'), hash: 'known' })
  const different = other.clips.add({ ...seen('/films/a.mp4'), bytes: 2000 })
  importLibrary(other, '/uploads', text)
  expect(clipsOf(other)).toEqual([opened])
  expect(other.clips.get(different.id)).toEqual(different)
})

test('an upload comes back as an upload with its name, in the folder of the library that imports it', async () => {
  using scratch = new ScratchLibrary()
  const { clips, chats } = scratch.library
  const talk = (given: string) => {
    const path = `/home/uploads/${UPLOAD}`
    const clip = clips.add({ ...seen(path), given, name: basename(given), uploaded: true, hash: 'equal' })
    const { id } = chats.create(clip.key)
    chats.begin(id, 0, { question: given, settings: {}, model: 'demo' })
    return id
  }
  const { text } = exportLibrary(scratch.library, [talk('Ferien/am Meer.mp4')], [])
  await using folder = await ScratchFolder.make()
  using other = new Library(folder.directory)
  const uploads = folder.path('uploads')
  importLibrary(other, uploads, text)
  expect(clipsOf(other)).toMatchObject([
    { given: 'Ferien/am Meer.mp4', name: 'am Meer.mp4', uploaded: true, path: join(uploads, UPLOAD), modified: -1 },
  ])
})

test.each(['/home/user/diary.txt', 'C:\\films\\diary.mp4', '/home/uploads/..', '/', ''])(
  'an export cannot make %j the copy of an upload, which would be removed with it',
  async (path) => {
    using scratch = new ScratchLibrary()
    const id = addConversation(scratch.library, '/a.mp4', 'What?', 'A square.')
    const file = JSON.parse(exportLibrary(scratch.library, [id], []).text)
    Object.assign(file.clips[0], { path, uploaded: true })
    await using folder = await ScratchFolder.make()
    using other = new Library(folder.directory)
    const uploads = folder.path('uploads')
    importLibrary(other, uploads, JSON.stringify(file))
    expect(clipsOf(other)).toMatchObject([{ uploaded: true, path: join(uploads, file.clips[0].id) }])
  },
)

test('an export of an earlier version has files of the user only', async () => {
  using scratch = new ScratchLibrary()
  const id = addConversation(scratch.library, '/films/a.mp4', 'What?', 'A square.')
  const file = JSON.parse(exportLibrary(scratch.library, [id], []).text)
  for (const clip of file.clips) for (const name of ['given', 'uploaded']) delete clip[name]
  await using folder = await ScratchFolder.make()
  using other = new Library(folder.directory)
  expect(importLibrary(other, '/uploads', JSON.stringify({ ...file, version: 3 }))).toEqual({ added: 1, present: 0 })
  expect(clipsOf(other)).toMatchObject([{ path: '/films/a.mp4', given: '/films/a.mp4', uploaded: false }])
})
