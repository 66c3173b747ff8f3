import { join, parse, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { pageFile } from '../../../src/main/page-file.ts'

const root = resolve('somewhere/renderer')

test('serves a file of the page with its type', () => {
  expect(pageFile(root, 'tarsier', 'app://tarsier/assets/index.js?v=1#top')).toEqual({
    path: join(root, 'assets', 'index.js'),
    contentType: 'text/javascript; charset=utf-8',
  })
})

test('serves a page at the root of a drive', () => {
  const drive = parse(root).root
  expect(pageFile(drive, 'tarsier', 'app://tarsier/index.html')?.path).toBe(join(drive, 'index.html'))
})

test.each([
  ['another host', 'app://elsewhere/index.html'],
  ['the folder itself', 'app://tarsier/'],
  ['a path outside', 'app://tarsier/%2e%2e%2fsecret.js'],
  ['a path in a neighbouring folder with the same prefix', 'app://tarsier/..%2frenderer-old/index.js'],
  ['an unknown type of file', 'app://tarsier/index.ts'],
  ['a null byte', 'app://tarsier/index.js%00.js'],
  ['a broken escape', 'app://tarsier/%E0%A4%A.js'],
  ['no address', 'not an address'],
])('serves nothing for %s', (_what, url) => {
  expect(pageFile(root, 'tarsier', url)).toBeNull()
})
