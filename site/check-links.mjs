/** Fails if a link or picture of the built site leads to a page, a heading or a file that the site lacks. VitePress itself knows pages alone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(fileURLToPath(import.meta.url)), '.vitepress/dist')
const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.html'))
const texts = new Map(pages.map((page) => [page, readFileSync(join(dist, page), 'utf8')]))
const anchors = new Map([...texts].map(([page, text]) => [page, new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))]))

const broken = [...texts].flatMap(([page, text]) =>
  [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)].flatMap(([, address = '']) => {
    if (/^([a-z][a-z\d+.-]*:|\/\/)/i.test(address)) return []
    const [path = '', anchor] = decodeURI(address.replaceAll('&amp;', '&')).split('#')
    const file = path === '' ? page : path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(page), path)
    const found = [file, `${file}.html`, posix.join(file, 'index.html')].find(
      (name) => texts.has(name) || (name !== '' && name === file && existsSync(join(dist, name)) && !name.endsWith('/')),
    )
    if (found === undefined) return [`${page}: ${address} (no such file)`]
    return !anchor || !anchors.has(found) || anchors.get(found)?.has(anchor) ? [] : [`${page}: ${address} (no such heading)`]
  }),
)
console.log(`${pages.length} pages`)
if (broken.length > 0) {
  console.error(`These links lead nowhere:\n  ${[...new Set(broken)].join('\n  ')}`)
  process.exitCode = 1
}
