import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (file: string) => readFileSync(`${root}site/${file}`, 'utf8')
/** Pages that the site takes from other places than docs/. */
const outside = new Map(
  [...read('prepare.mjs').matchAll(/'(\w+\.md)': '([\w-]+)\.md'/g)].map(([, file = '', name = '']) => [`/${name}`, file]),
)

test('every page in the menus of the site exists', () => {
  const links = [...read('.vitepress/config.mjs').matchAll(/page\('[^']*', '([^']*)'\)/g), ...read('home.md').matchAll(/link: (\/\S*)/g)]
  const pages = [...new Set(links.map(([, link = '']) => link))]
  expect(pages.length).toBeGreaterThan(20)
  const fileOf = (page: string) => outside.get(page) ?? `docs${page.endsWith('/') ? `${page}README` : page}.md`
  expect(pages.filter((page) => !existsSync(`${root}${fileOf(page)}`))).toEqual([])
  expect(outside.size).toBe(4)
})
