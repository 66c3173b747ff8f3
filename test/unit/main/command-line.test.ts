import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { filesOnCommandLine } from '../../../src/main/command-line.ts'

test('returns absolute paths of files, without the program and switches', () => {
  const folder = resolve('/films')
  expect(filesOnCommandLine(['/opt/tarsier', 'a b.mp4', '--no-sandbox', '/elsewhere/c.gif', './-odd.mp4', ''], 1, folder)).toEqual([
    resolve('/films/a b.mp4'),
    resolve('/elsewhere/c.gif'),
    resolve('/films/-odd.mp4'),
  ])
  expect(filesOnCommandLine(['electron', '.', 'a.mp4'], 2, folder)).toEqual([resolve('/films/a.mp4')])
  // As `npm start` does for root.
  expect(filesOnCommandLine(['electron', '--no-sandbox', '.', 'a.mp4'], 2, folder)).toEqual([resolve('/films/a.mp4')])
})
