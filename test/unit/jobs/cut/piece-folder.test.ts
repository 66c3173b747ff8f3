import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { writeContactSheet } from '../../../../src/engine/media/pieces/contact-sheet.ts'
import { PieceFolder, type PieceLine } from '../../../../src/jobs/cut/piece-folder.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const never = new AbortController().signal
const media = { contactSheet: writeContactSheet }
const line = (name: string, text: string): PieceLine => ({
  file_name: name,
  text,
  source: 'clip.mp4',
  start: 0,
  end: 1,
  true_start: 0,
  true_end: 1,
  model: 'demo',
  mode: 'exact',
})

test('lines of other programs stay in the list of pieces, also without a newline and after pieces were written again', async () => {
  await using scratch = await ScratchFolder.make()
  const own = '{"file_name": "mine.mp4", "text": "Mine."}'
  const list = await scratch.write('metadata.jsonl', own)
  const add = async (...lines: PieceLine[]) => {
    await using folder = await PieceFolder.open(scratch.directory, [])
    for (const each of lines) await folder.add(each)
  }
  await add()
  expect(await readFile(list, 'utf8')).toBe(`${own}\n`)
  await add(line('a.mp4', 'One.'), line('b.mp4', 'Two.'))
  await add(line('a.mp4', 'Three.'))
  const lines = [own, JSON.stringify(line('a.mp4', 'Three.')), JSON.stringify(line('b.mp4', 'Two.'))]
  expect(await readFile(list, 'utf8')).toBe(`${lines.join('\n')}\n`)
})

test('a contact sheet replaces one only on request', async () => {
  await using scratch = await ScratchFolder.make()
  await scratch.write('contact-sheet.jpg', 'mine')
  const sheets = async () => (await readdir(scratch.directory)).filter((name) => name.endsWith('.jpg')).sort()
  const mine = () => readFile(scratch.path('contact-sheet.jpg'), 'utf8')
  await using folder = await PieceFolder.open(scratch.directory, [])
  await folder.writeSheets(media, { overwrite: true }, never)
  expect(await mine()).toBe('mine')
  await folder.add(line('a-001-00.00.00.000.mp4', 'One.'))
  await folder.writeSheets(media, { overwrite: false }, never)
  expect([await sheets(), await mine()]).toEqual([['contact-sheet-2.jpg', 'contact-sheet.jpg'], 'mine'])
  await folder.writeSheets(media, { overwrite: true }, never)
  expect([await sheets(), (await mine()) === 'mine']).toEqual([['contact-sheet-2.jpg', 'contact-sheet.jpg'], false])
})
