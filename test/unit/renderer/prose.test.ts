import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test, vi } from 'vitest'

test('headings of a model are no headings of the page', async () => {
  vi.stubGlobal('window', { location: { href: 'http://127.0.0.1/' } })
  const { Prose } = await import('../../../src/renderer/components/chat/prose.tsx')
  const text = [1, 2, 3, 4, 5, 6].map((level) => `${'#'.repeat(level)} Part ${level}`).join('\n\n')
  const html = renderToStaticMarkup(createElement(Prose, { text }))
  vi.unstubAllGlobals()
  expect(html.match(/<p class="font-semibold">Part \d<\/p>/g)).toHaveLength(6)
  expect(html).not.toMatch(/<h\d/)
})
