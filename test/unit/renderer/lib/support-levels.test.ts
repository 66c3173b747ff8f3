import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { supportLevel, supportLevels, supportText } from '../../../../src/renderer/lib/support-levels.ts'

test('every support from 0 to 1 has a level, and its text does not exceed it', () => {
  expect([0, 0.19, 0.2, 0.5, 0.79, 0.8, 1].map((support) => supportLevel(support).name)).toEqual([
    'contradicted',
    'contradicted',
    'doubtful',
    'unclear',
    'likely',
    'shown',
    'shown',
  ])
  expect([0, 0.1999, 0.2, 0.57, 0.999, 1].map(supportText)).toEqual(['0.00', '0.19', '0.20', '0.57', '0.99', '1.00'])
})

/** Relative luminance as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

test('text on the shading has a contrast of at least 7 in both themes, and each level has its own underline', () => {
  const css = ['tokens.css', 'page.css']
    .map((name) => readFileSync(new URL(`../../../../src/renderer/${name}`, import.meta.url), 'utf8'))
    .join('')
  const colours = (name: string) => {
    const found = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css)
    if (!found) throw new Error(`tokens.css has no colour ${name}`)
    return found.slice(1)
  }
  const rules = supportLevels.map(({ className }, level) => {
    for (const [i, background] of colours(`support-${level}`).entries()) {
      const both = [luminance(colours('text')[i] as string), luminance(background)].sort((a, b) => b - a) as [number, number]
      expect((both[0] + 0.05) / (both[1] + 0.05), `${className} of theme ${i}`).toBeGreaterThanOrEqual(7)
    }
    const rule = new RegExp(`\\.${className} \\{([^}]*)\\}`).exec(css)?.[1] ?? ''
    return (rule.match(/text-decoration-(?:line|style): \w+/g) ?? []).join()
  })
  expect(new Set(rules).size).toBe(supportLevels.length)
})
