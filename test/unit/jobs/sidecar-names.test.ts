import { writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { expect, test } from 'vitest'
import { SidecarNames } from '../../../src/jobs/sidecar-names.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const GIF = 'GIF89a'

/** The sidecar names of clips in a folder of files; a name with a slash makes a folder. */
async function named(files: Readonly<Record<string, string>>, described: readonly string[]): Promise<string[]> {
  await using scratch = await ScratchFolder.make()
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(scratch.path(name)), { recursive: true })
    await writeFile(scratch.path(name), content)
  }
  const clips = described.map((name) => scratch.path(name))
  const names = new SidecarNames('txt', clips)
  const texts: string[] = []
  for (const clip of clips) texts.push(relative(scratch.directory, await names.of(clip)))
  return texts
}

const empty = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '']))

test('a sidecar has the base name of its clip and lies in the clip’s folder', async () => {
  const files = ['x/a.mp4', 'y/a.mp4', 'b.tar.mov', 'noending']
  expect(await named(empty(...files), files)).toEqual(['x/a.txt', 'y/a.txt', 'b.tar.txt', 'noending.txt'])
})

test('clips with the same base name keep their whole names, whichever are described', async () => {
  const files = ['a.mp4', 'a.mov', 'a.mp4.webm', 'b.mp4']
  const texts = ['a.mp4.txt', 'a.mov.txt', 'a.mp4.webm.txt', 'b.txt']
  expect(await named(empty(...files), files)).toEqual(texts)
  for (const [i, file] of files.entries()) expect(await named(empty(...files), [file])).toEqual([texts[i]])
  expect(await named(empty('a.mp4', 'a.mp4.webm'), ['a.mp4.webm', 'a.mp4'])).toEqual(['a.mp4.webm.txt', 'a.txt'])
})

test('treats names that differ only in case as equal', async () => {
  expect(await named(empty('C.mp4', 'c.gif'), ['C.mp4', 'c.gif'])).toEqual(['C.mp4.txt', 'c.gif.txt'])
})

test('considers only clips: by name, by content, or because they are given', async () => {
  expect(await named({ 'a.mp4': '', 'a.txt': 'A red circle.', 'a.doc': 'no clip', '.a.gif': GIF }, ['a.mp4'])).toEqual(['a.txt'])
  expect(await named({ 'a.mp4': '', a: GIF }, ['a.mp4'])).toEqual(['a.mp4.txt'])
  expect(await named(empty('a.mp4', 'a.strange'), ['a.mp4', 'a.strange'])).toEqual(['a.mp4.txt', 'a.strange.txt'])
})

test('never returns the name of a clip', async () => {
  expect(await named({ 'a.mp4': '', 'a.txt': GIF }, ['a.mp4', 'a.txt'])).toEqual(['a.mp4.txt', 'a.txt.txt'])
  await expect(named({ 'a.mp4': '', 'a.mov': '', 'a.mp4.txt': GIF }, ['a.mp4'])).rejects.toMatchObject({ code: 'write-failed' })
})

test('names the texts of a folder with tens of thousands of clips at once', async () => {
  await using scratch = await ScratchFolder.make()
  const clips = Array.from({ length: 20_000 }, (_, i) => scratch.path(`${i}.mp4`))
  for (const clip of clips) writeFileSync(clip, '')
  const names = new SidecarNames('txt', clips)
  const begun = performance.now()
  for (const clip of clips) await names.of(clip)
  // Comparing every name with every other takes minutes.
  expect(performance.now() - begun).toBeLessThan(10_000)
}, 60_000)
