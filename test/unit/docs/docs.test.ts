import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const glossary = readFileSync(`${root}/docs/glossary.md`, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| term ') && !line.startsWith('| ---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('the glossary defines every term once', () => {
  const terms = glossary.map(([, term]) => term)
  expect(terms.length).toBeGreaterThan(50)
  expect(new Set(terms).size).toBe(terms.length)
})

test('source files that the documentation names exist', () => {
  const named = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/glossary.md', 'docs/models.md', 'docs/devices.md'].flatMap(
    (page) => [...readFileSync(`${root}/${page}`, 'utf8').matchAll(/`(src\/[\w./-]+)`/g)].map(([, path = '']) => `${page}: ${path}`),
  )
  expect(named.length).toBeGreaterThan(80)
  // CONTRIBUTING.md and models.md name the files of a family that does not exist yet.
  expect(named.filter((entry) => !/owl/.test(entry) && !existsSync(`${root}/${entry.split(': ')[1]}`))).toEqual([])
})
