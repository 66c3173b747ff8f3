import { expect, it } from 'vitest'
import { heldOutWordings } from '../../../tools/demo-model/held-out-wordings.ts'
import unknownQuestions from '../../../tools/demo-model/unknown-questions.json' with { type: 'json' }
import { POLITE_AFTER, POLITE_BEFORE, THINGS, VIDEOS, wordings } from '../../../tools/demo-model/wordings.ts'

const trained = Object.values(wordings).map(patternOf)
const written = new Set(unknownQuestions.map(plain))

it('evaluates the demo model with wordings that its training does not produce', () => {
  const known = heldOutWordings.filter(([intent, question]) =>
    intent === 'unknown' ? written.has(plain(question)) : trained.some((pattern) => pattern.test(plain(question))),
  )
  expect(known).toEqual([])
})

it('knows a wording that a template produces', () => {
  expect(patternOf(['Do you see {a}?', '[Is|Was] {a} [|there|in the {video}]?']).test(plain('And was {a} in the film?'))).toBe(true)
})

/** Matches everything that templates produce, without marks and spaces. */
function patternOf(templates: readonly string[]): RegExp {
  const patterns = templates.map((template) =>
    plain(template)
      .replaceAll('[', '(?:')
      .replaceAll(']', ')')
      .replaceAll(/\{(\w+)\}/g, (_, name) => oneOf(name === 'video' ? VIDEOS : name === 'things' ? THINGS : [`\\{${name}\\}`])),
  )
  return new RegExp(`^${oneOf(POLITE_BEFORE.map(plain))}?(?:${patterns.join('|')})${oneOf(POLITE_AFTER.map(plain))}?$`, 'u')
}

function oneOf(texts: readonly string[]): string {
  return `(?:${texts.map((text) => text.replaceAll(' ', '')).join('|')})`
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}[\]|{}]/gu, '')
}
