import { describe, expect, it } from 'vitest'
import { rewritePrompt } from '../../../../src/engine/rewriting/rewrite-prompt.ts'
import { checkedText } from '../../../../src/engine/rewriting/rewriter.ts'
import { captionShapeSchema, isRewriting, type RewritingShape } from '../../../../src/shared/shaping/caption-shape.ts'

function shapeOf(rules: object): RewritingShape {
  const shape = captionShapeSchema.parse(rules)
  if (!isRewriting(shape)) throw new Error('the shape does not rewrite')
  return shape
}

describe('the request to the text model', () => {
  const text = 'A man walks slowly home. A dog barks.'

  it('names the number of words: its own, that of the rules, or half of the text’s', () => {
    expect(rewritePrompt(text, shapeOf({ rewrite: { kind: 'shorter', words: 5 }, maxWords: 9 }))).toContain('at most 5 words')
    expect(rewritePrompt(text, shapeOf({ rewrite: { kind: 'shorter' }, maxWords: 9 }))).toContain('at most 9 words')
    expect(rewritePrompt(text, shapeOf({ rewrite: { kind: 'shorter' } }))).toContain('at most 4 words')
  })

  it('names the language of the shape, the schema, and the user’s instructions, before the description', () => {
    expect(rewritePrompt(text, shapeOf({ language: 'de', rewrite: { kind: 'language' } }))).toContain('into German (de)')
    const schema = { type: 'object', properties: { subject: { type: 'string' } } }
    const prompt = rewritePrompt(text, shapeOf({ rewrite: { kind: 'fields', schema, instructions: 'Be brief.' } }))
    expect(prompt).toContain(JSON.stringify(schema))
    expect(prompt.endsWith(` Be brief.\n\nThe description:\n${text}`)).toBe(true)
  })
})

describe('the text that is held against the clip', () => {
  it('has whole sentences, and the place of each part', () => {
    const parts = [{ text: 'a red circle' }, { text: 'It grows!' }, { text: '它变大。' }]
    const { text, spans } = checkedText(parts)
    expect(text).toBe('A red circle. It grows! 它变大。')
    expect(spans.map(({ start, end }) => text.slice(start, end))).toEqual(['A red circle.', 'It grows!', '它变大。'])
    expect(checkedText([])).toEqual({ text: '', spans: [] })
  })
})
