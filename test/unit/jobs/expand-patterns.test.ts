import { mkdir } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { expandPatterns } from '../../../src/jobs/expand-patterns.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

it('expands patterns as a shell does and keeps other arguments', async () => {
  await using scratch = await ScratchFolder.make()
  await mkdir(scratch.path('day [1] (a)'))
  const names = ['b.mp4', 'a.mp4', 'c.txt', 'day [1] (a)/d1.mp4', 'day [1] (a)/d2.mp4', 'day [1] (a)/d10.mp4', 'what?.mp4']
  for (const name of names) await scratch.write(name, '')
  const expand = (...patterns: string[]) =>
    expandPatterns(
      patterns.map((name) => scratch.path(name)),
      false,
    )
  const paths = (...expected: string[]) => expected.map((name) => scratch.path(name))
  expect(await expand('*.mp4')).toEqual(paths('a.mp4', 'b.mp4', 'what?.mp4'))
  expect(await expand('day [1] (a)/d?.mp4')).toEqual(paths('day [1] (a)/d1.mp4', 'day [1] (a)/d2.mp4'))
  expect(await expand('*/*10.mp4', 'c.txt')).toEqual(paths('day [1] (a)/d10.mp4', 'c.txt'))
  // An existing file with that name is meant, and a pattern without a match is to be reported as missing.
  expect(await expand('what?.mp4', '*.avi')).toEqual(paths('what?.mp4', '*.avi'))
})

it('accepts Windows’ separators', async () => {
  await using scratch = await ScratchFolder.make()
  await mkdir(scratch.path('films'))
  for (const name of ['films/a.mp4', 'films/B.MP4']) await scratch.write(name, '')
  const found = await expandPatterns([`${scratch.directory}/films\\*.mp4`], true)
  expect(found.map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual(['B.MP4', 'a.mp4'])
})
