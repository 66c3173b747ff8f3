/**
 * Copies the documentation into `pages/`, from which the site is built. VitePress finds its packages from the folder of a page, and `docs/` is outside of this one. Links
 * to Markdown pages follow their copies; other linked files of the repository are copied too.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const site = dirname(fileURLToPath(import.meta.url))
const root = dirname(site)
const pages = join(site, 'pages')

/** Pages outside of `docs/`, and their names on the site. */
const OUTSIDE = {
  'README.md': 'start.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
  'SECURITY.md': 'reporting.md',
}

rmSync(pages, { recursive: true, force: true })
mkdirSync(pages, { recursive: true })
const below = (/** @type {string} */ folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file.split(sep).join('/')}`)
const sources = [
  ...below('docs').filter((file) => file.endsWith('.md')),
  ...below('tools').filter((file) => file.endsWith('/README.md')),
  ...Object.keys(OUTSIDE),
]
const targets = new Map(sources.map((file) => [file, targetOf(file)]))
for (const [source, target] of targets) write(target, withLinks(source, target, readFileSync(join(root, source), 'utf8')))
cpSync(join(site, 'home.md'), join(pages, 'index.md'))
mkdirSync(join(pages, 'public'), { recursive: true })
copyFileSync(join(root, 'src/renderer/tarsier.svg'), join(pages, 'public/tarsier.svg'))

/** @param {string} file @returns {string} its place below `pages/` */
function targetOf(file) {
  if (file in OUTSIDE) return OUTSIDE[file]
  const inside = file.startsWith('docs/') ? file.slice('docs/'.length) : file
  return inside.replace(/README\.md$/, 'index.md')
}

/** @param {string} target @param {string} text */
function write(target, text) {
  const file = join(pages, target)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Moves the addresses of Markdown links, pictures and HTML to where their targets are copied. @param {string} source @param {string} target @param {string} text */
function withLinks(source, target, text) {
  const moved = (/** @type {string} */ address) => {
    if (/^([a-z][a-z\d+.-]*:|#|\/\/)/i.test(address)) return address
    const [path = '', anchor] = address.split('#')
    const file = relative(root, path.startsWith('/') ? join(root, path) : resolve(root, dirname(source), path))
      .split(sep)
      .join('/')
    const place = targets.get(file) ?? targets.get(`${file}/README.md`)
    const suffix = anchor === undefined ? '' : `#${anchor}`
    if (place !== undefined) return posix.relative(posix.dirname(target), place) + suffix
    // As a file of the site, with its path in the repository.
    if (!existsSync(join(root, file)) || statSync(join(root, file)).isDirectory())
      throw new Error(`${source} links to ${address}, which is no file.`)
    // Browsers download files without an ending, and servers hide those that begin with a dot.
    const name = file.replace(/^\./, '').replace(/(^|\/)([^./]+)$/, '$1$2.txt')
    const copy = join(pages, 'public/files', name)
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(join(root, file), copy)
    return `/files/${name}`
  }
  // Code is left as it is.
  return text
    .split(/(^```[\s\S]*?^```|`[^`\n]*`)/m)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part
            .replace(/(\]\()([^)\s]+)(\))/g, (_all, before, address, after) => before + moved(address) + after)
            .replace(/(\s(?:href|src)=")([^"]*)(")/g, (_all, before, address, after) => before + moved(address) + after),
    )
    .join('')
}
