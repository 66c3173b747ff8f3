import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const rows = readFileSync(new URL('docs/glossary.md', root), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| term ') && !line.startsWith('| ---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('every term is defined once, in a file that exists', () => {
  const terms = rows.map(([, term]) => term)
  expect(terms.length).toBeGreaterThan(50)
  expect(new Set(terms).size).toBe(terms.length)
  const missing = rows.filter(([, , , file = '']) => !existsSync(fileURLToPath(new URL(file.replaceAll('`', ''), root))))
  expect(missing.map(([, term, , file]) => `${term}: ${file}`)).toEqual([])
})
