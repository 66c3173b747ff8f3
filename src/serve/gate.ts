import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type AccessRules, bearer, hostAllowed, originAllowed, tokenMatches } from './access.ts'

/** Allows only the page's own files and requests: no foreign sources, inline scripts or styles, plugins, or embedding in frames. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** How long a browser stays authorized, so that a bookmark works tomorrow. */
const COOKIE_SECONDS = 30 * 24 * 60 * 60

/** Paths without authentication, for monitoring. They only report the state of the server and its processes. */
const OPEN_PATHS = ['/health']

/** Middleware for all routes. Rejects requests from unknown hosts or origins, or without the token, before they are processed further. */
export function gate(rules: AccessRules, port: () => number): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host')
    if (!hostAllowed(host, rules)) {
      return refuse(c, 421, 'This host name is not allowed. Use the address that the server printed, or allow the name with --allow-host.')
    }
    if (!originAllowed(c.req.header('origin'), host)) return refuse(c, 403, 'Requests from pages of other servers are not allowed.')
    const { token } = rules
    if (token !== null && !OPEN_PATHS.includes(c.req.path)) {
      // Cookies are shared between ports: the name includes the port, so that servers on one machine do not overwrite each other's.
      const cookie = `tarsier-${port()}`
      const inAddress = c.req.query('token')
      if (inAddress !== undefined && c.req.method === 'GET') {
        if (!tokenMatches(inAddress, token))
          return refuse(c, 401, 'The token is wrong. Use the address that "tarsier serve" printed last.', 'invalid_api_key')
        setCookie(c, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/', maxAge: COOKIE_SECONDS })
        // Remove the token from the address, so that it is not in the history or in screenshots.
        const clean = new URL(c.req.url)
        clean.searchParams.delete('token')
        return c.redirect(`${clean.pathname}${clean.search}`, 303)
      }
      const shown = bearer(c.req.header('authorization')) ?? getCookie(c, cookie)
      if (!tokenMatches(shown, token)) {
        c.header('WWW-Authenticate', 'Bearer')
        const message = isApi(c)
          ? 'The token is missing or wrong. Use the token that "tarsier serve" printed as the API key.'
          : 'The token is missing. Open the address that "tarsier serve" printed, which contains the token.'
        return refuse(c, 401, message, 'invalid_api_key')
      }
    }
    await next()
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'no-referrer')
    c.header('Cross-Origin-Resource-Policy', 'same-origin')
    c.header('Cross-Origin-Opener-Policy', 'same-origin')
    c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
    return undefined
  }
}

/** Requires JSON: a foreign page's form cannot send it without a preflight request. */
export const jsonOnly: MiddlewareHandler = async (c, next) => {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json\b/i.test(type))
    return refuse(c, 415, 'Send JSON, with "Content-Type: application/json".', 'unsupported_media_type')
  return await next()
}

/** Restricts procedures to POST: other methods could bypass the checks on POST requests. */
export const postOnly: MiddlewareHandler = async (c, next) => {
  if (c.req.method === 'POST') return await next()
  c.header('Allow', 'POST')
  return refuse(c, 405, 'Use POST to call procedures.')
}

/** Responds with an error, in OpenAI's format for requests to its API and as plain text for others. */
export function refuse(c: Context, status: ContentfulStatusCode, message: string, code = 'not-allowed'): Response {
  if (!isApi(c)) return c.text(`${message}\n`, status)
  const type = status >= 500 ? 'server_error' : 'invalid_request_error'
  return c.json({ error: { message, type, param: null, code } }, status)
}

function isApi(c: Context): boolean {
  return c.req.path === '/v1' || c.req.path.startsWith('/v1/')
}
