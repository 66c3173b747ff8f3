import { join, parse, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { pageFile } from '../../../src/main/page-file.ts'

const root = resolve('somewhere/renderer')

test('a file of the page, with its kind', () => {
  expect(pageFile(root, 'tarsier', 'app://tarsier/assets/index.js?v=1#top')).toEqual({
    path: join(root, 'assets', 'index.js'),
    contentType: 'text/javascript; charset=utf-8',
  })
})

test('a file of a page that lies at the root of its drive', () => {
  const drive = parse(root).root
  expect(pageFile(drive, 'tarsier', 'app://tarsier/index.html')?.path).toBe(join(drive, 'index.html'))
})

test.each([
  ['another host', 'app://elsewhere/index.html'],
  ['the folder itself', 'app://tarsier/'],
  ['a way out', 'app://tarsier/%2e%2e%2fsecret.js'],
  ['a way out by a neighbour of the same beginning', 'app://tarsier/..%2frenderer-old/index.js'],
  ['a kind of file that the page has not', 'app://tarsier/index.ts'],
  ['a null byte', 'app://tarsier/index.js%00.js'],
  ['a broken escape', 'app://tarsier/%E0%A4%A.js'],
  ['no address', 'not an address'],
])('nothing for %s', (_what, url) => {
  expect(pageFile(root, 'tarsier', url)).toBeNull()
})
