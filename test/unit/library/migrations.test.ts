import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, test } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { migrations } from '../../../src/library/migrations.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { seen } from './scratch-library.ts'

/** A library of the first version: a clip of the user's and an upload, both in a batch that was paused while its last clip ended. */
async function firstVersion(scratch: ScratchFolder): Promise<void> {
  const db = new DatabaseSync(join(scratch.directory, 'library.sqlite'))
  db.exec(`${migrations[0]}; PRAGMA user_version = 1`)
  const facts = JSON.stringify(seen('/clips/a.mp4').facts)
  const clip = db.prepare(
    "INSERT INTO clips (id, path, folder, name, bytes, modified, hash, facts, uploaded, created) VALUES (?, ?, '/', ?, 1, 1, 'hash', ?, ?, 1)",
  )
  clip.run('mine', '/clips/a.mp4', 'a.mp4', facts, 0)
  clip.run('upload', '/home/uploads/x.mp4', 'holiday.mp4', facts, 1)
  db.exec(`
    INSERT INTO batches VALUES ('batch', 'Old', NULL, '{}', 1, 'paused', 1);
    INSERT INTO batch_items (id, batch, position, clip, state) VALUES ('one', 'batch', 0, 1, 'done'), ('two', 'batch', 1, 2, 'failed');
  `)
  db.close()
}

test('clips of the first version keep their paths, uploads their names', async () => {
  await using scratch = await ScratchFolder.make()
  await firstVersion(scratch)
  using library = new Library(scratch.directory)
  expect(library.clips.get('mine')).toMatchObject({ path: '/clips/a.mp4', given: '/clips/a.mp4', name: 'a.mp4' })
  expect(library.clips.get('upload')).toMatchObject({ path: '/home/uploads/x.mp4', given: 'holiday.mp4', name: 'holiday.mp4' })
  expect(library.batches.items('batch', { limit: 5 }).items.map(({ path }) => path)).toEqual(['/clips/a.mp4', 'holiday.mp4'])
  expect(library.batches.get('batch').state).toBe('done')
})

test('a library does not change when it is opened again', async () => {
  await using scratch = await ScratchFolder.make()
  await firstVersion(scratch)
  for (let i = 0; i < 2; i++) {
    using library = new Library(scratch.directory)
    library.clips.update('mine', { ...seen('/clips/b.mp4'), given: '/clips/b.mp4' })
  }
  using library = new Library(scratch.directory)
  expect(library.clips.get('mine').given).toBe('/clips/b.mp4')
})
