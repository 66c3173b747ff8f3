import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { protocol } from 'electron'
import { CONTENT_SECURITY_POLICY } from './content-security-policy.ts'
import { pageFile } from './page-file.ts'
import { PAGE_ORIGIN, PAGE_SCHEME } from './page-url.ts'

const pageRoot = fileURLToPath(new URL('../renderer', import.meta.url))

/** Serves the built page and its content security policy from `app://tarsier/`. */
export function setupPageProtocol(): void {
  protocol.handle(PAGE_SCHEME, async (request) => {
    const file = pageFile(pageRoot, new URL(PAGE_ORIGIN).host, request.url)
    if (request.method !== 'GET' || !file) return notFound()
    try {
      return new Response(new Uint8Array(await readFile(file.path)), {
        headers: {
          'content-type': file.contentType,
          'content-security-policy': CONTENT_SECURITY_POLICY,
          'x-content-type-options': 'nosniff',
        },
      })
    } catch {
      // Every read error gives 404: the page cannot react to the cause.
      return notFound()
    }
  })
}

function notFound(): Response {
  return new Response(null, { status: 404 })
}
