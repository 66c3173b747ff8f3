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

/** Returns the file of the built page in `root` for `url`; `null` for another host, a path outside `root` or an unknown file type. */
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
    // Malformed escapes such as a lone `%` match no file: the empty path has no known file type.
    return ''
  }
}
