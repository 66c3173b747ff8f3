import type { Root, RootContent } from 'mdast'
import { parseClock } from './time-text.ts'

/** Link addresses that stand for a time of the clip; the page renders them as buttons. */
export const TIME_ADDRESS = '#t='

const times = /\b(\d{1,2}:)?\d{1,2}:\d{2}(?:\.\d+)?\b|\b\d+(?:\.\d+)?(?= ?s(?:ec(?:onds?)?)?\b)/g

/** A remark plugin that turns times in text, such as `0:07` or `3.5 s`, into links to that time of the clip. */
export function timeLinks() {
  return (tree: Root): void => linkIn(tree)
}

function linkIn(node: { children: RootContent[] }): void {
  node.children = node.children.flatMap((child): RootContent[] => {
    if (child.type === 'text') return linked(child.value)
    if ('children' in child && child.type !== 'link') linkIn(child as { children: RootContent[] })
    return [child]
  })
}

function linked(text: string): RootContent[] {
  const parts: RootContent[] = []
  let from = 0
  for (const match of text.matchAll(times)) {
    const seconds = parseClock(match[0])
    if (seconds === null) continue
    if (match.index > from) parts.push({ type: 'text', value: text.slice(from, match.index) })
    parts.push({ type: 'link', url: `${TIME_ADDRESS}${seconds}`, children: [{ type: 'text', value: match[0] }] })
    from = match.index + match[0].length
  }
  if (from === 0) return [{ type: 'text', value: text }]
  return from < text.length ? [...parts, { type: 'text', value: text.slice(from) }] : parts
}
