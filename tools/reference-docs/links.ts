/** Fails if a relative link of a Markdown page leads to a file or a heading that does not exist, and lists these links. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { toString as textOf } from 'mdast-util-to-string'
import { globSync } from 'tinyglobby'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = globSync(['*.md', 'docs/**/*.md', 'tools/**/README.md', 'resources/**/README.md'], { cwd: root }).sort()

const broken = pages.flatMap((page) => {
  const file = join(root, page)
  return [...linksOf(file)].flatMap(({ line, target }) => {
    const reason = brokenBecause(file, target)
    return reason === null ? [] : [`${page}:${line} ${target} (${reason})`]
  })
})
if (broken.length > 0) {
  console.error(`These links lead nowhere:\n  ${broken.join('\n  ')}`)
  process.exitCode = 1
}

/** Yields the addresses of a page's links and pictures, also those in HTML, that are not on another host. */
function* linksOf(file: string): Generator<{ readonly line: number; readonly target: string }> {
  for (const node of nodesOf(file)) {
    for (const target of targetsOf(node)) {
      const elsewhere = /^([a-z][a-z\d+.-]*:|\/\/)/i.test(target)
      if (!elsewhere) yield { line: node.position?.start.line ?? 1, target }
    }
  }
}

function targetsOf(node: Nodes): string[] {
  if (node.type === 'link' || node.type === 'image' || node.type === 'definition') return [node.url]
  if (node.type === 'html') return [...node.value.matchAll(/\s(?:href|src)="([^"]*)"/g)].map((match) => match[1] ?? '')
  return []
}

function brokenBecause(file: string, target: string): string | null {
  const [path = '', anchor] = decodeURI(target).split('#')
  // As on GitHub, a path that begins with a slash starts at the repository's root.
  const linked = path === '' ? file : path.startsWith('/') ? join(root, path) : resolve(dirname(file), path)
  if (!existsSync(linked)) return 'no such file'
  if (anchor === undefined || !linked.endsWith('.md')) return null
  return anchorsOf(linked).has(anchor) ? null : 'no such heading'
}

/** The anchors that GitHub gives to the headings of a page: a repeated one is numbered. */
function anchorsOf(file: string): Set<string> {
  const anchors = new Set<string>()
  for (const node of nodesOf(file)) {
    if (node.type !== 'heading') continue
    const words = textOf(node).toLowerCase()
    const anchor = words.replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-')
    let unique = anchor
    for (let repeats = 1; anchors.has(unique); repeats++) unique = `${anchor}-${repeats}`
    anchors.add(unique)
  }
  return anchors
}

function nodesOf(file: string): Nodes[] {
  return descendants(fromMarkdown(readFileSync(file, 'utf8')))
}

function descendants(node: Nodes): Nodes[] {
  return 'children' in node ? [node, ...node.children.flatMap(descendants)] : [node]
}
