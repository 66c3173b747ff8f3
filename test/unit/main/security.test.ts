import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)

test('each point of the checklist has an existing test or lint rule', () => {
  const rows = readFileSync(new URL('docs/security.md', root), 'utf8').matchAll(/^\| (\d+) \| .* \| `([\w.-]+\.(?:test\.ts|grit))` \|$/gm)
  const points = [...rows].map(([, number, file]) => [Number(number), file] as const)
  expect(points.map(([number]) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  const missing = points.filter(
    ([, file]) => !['test/unit/main', 'test/unit/preload', 'scripts/lint'].some((folder) => existsSync(new URL(`${folder}/${file}`, root))),
  )
  expect(missing).toEqual([])
})

test('Electron is pinned', () => {
  const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { devDependencies: Record<string, string> }
  expect(devDependencies.electron).toMatch(/^\d+\.\d+\.\d+$/)
})
