import type { Root } from 'mdast'
import { expect, test } from 'vitest'
import { timeLinks } from '../../../../src/renderer/lib/time-links.ts'

function linksIn(text: string): string[] {
  const root: Root = { type: 'root', children: [{ type: 'paragraph', children: [{ type: 'text', value: text }] }] }
  timeLinks()(root)
  const [paragraph] = root.children
  if (paragraph?.type !== 'paragraph') throw new Error('the paragraph is gone')
  return paragraph.children.flatMap((child) => (child.type === 'link' ? [child.url] : []))
}

test('times become links, other numbers do not', () => {
  expect(linksIn('At 0:07 a cat jumps, at 1:02:03.5 it lands.')).toEqual(['#t=7', '#t=3723.5'])
  expect(linksIn('After 3.5 s, and again after 12 seconds')).toEqual(['#t=3.5', '#t=12'])
  expect(linksIn('5 squares and 16 frames')).toEqual([])
})
