import { extname, join } from 'node:path'
import { isInside } from '../platform/is-inside.ts'

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

export interface PageFile {
  readonly path: string
  readonly contentType: string
}

/** The file of the built page in `root` that `url` asks for; `null` for another host, a way out of `root` or a kind of file the page has not. */
export function pageFile(root: string, host: string, url: string): PageFile | null {
  if (!URL.canParse(url)) return null
  const { host: requestedHost, pathname } = new URL(url)
  if (requestedHost !== host) return null
  const path = join(root, decoded(pathname))
  const contentType = contentTypes[extname(path)]
  if (!isInside(root, path) || path.includes('\0') || contentType === undefined) return null
  return { path, contentType }
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    // A lone `%` names no file of ours: the check of the kind of file turns it away.
    return ''
  }
}
