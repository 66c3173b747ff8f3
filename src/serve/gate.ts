import type { MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { type AccessRules, bearer, hostAllowed, originAllowed, tokenMatches } from './access.ts'

/** The page's own files and calls; nobody else's, no inline script or style, no plugin, no frame around it. */
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

/** Asked by a monitor without a token; it tells nothing but how the server and its processes are. */
const OPEN_PATHS = ['/health']

/** Stands before every route: what is not from a program or page that knows the token is turned away before anything of it is looked at. */
export function gate(rules: AccessRules, port: () => number): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host')
    if (!hostAllowed(host, rules)) {
      return c.text('This server does not answer to that name. Use the address it printed, or allow the name with --allow-host.\n', 421)
    }
    if (!originAllowed(c.req.header('origin'), host)) return c.text('Pages of other servers may not ask this one.\n', 403)
    const { token } = rules
    if (token !== null && !OPEN_PATHS.includes(c.req.path)) {
      // Cookies do not know ports: two servers on one machine must not take each other's.
      const cookie = `tarsier-${port()}`
      const inAddress = c.req.query('token')
      if (inAddress !== undefined && c.req.method === 'GET') {
        if (!tokenMatches(inAddress, token))
          return c.text('That token is not this server\'s. Use the address that "tarsier serve" printed last.\n', 401)
        setCookie(c, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' })
        // Out of the address, so that it stands in no history and no picture of the screen.
        const clean = new URL(c.req.url)
        clean.searchParams.delete('token')
        return c.redirect(`${clean.pathname}${clean.search}`, 303)
      }
      const shown = bearer(c.req.header('authorization')) ?? getCookie(c, cookie)
      if (!tokenMatches(shown, token)) {
        c.header('WWW-Authenticate', 'Bearer')
        if (c.req.path.startsWith('/v1/')) {
          const message = 'The token is missing or wrong. Give the one that "tarsier serve" printed as the API key.'
          return c.json({ error: { message, type: 'invalid_request_error', param: null, code: 'invalid_api_key' } }, 401)
        }
        return c.text('Open the address that "tarsier serve" printed: it holds the token that lets you in.\n', 401)
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

/** JSON only where JSON is due: a form of a foreign page cannot send that without asking first. */
export const jsonOnly: MiddlewareHandler = async (c, next) => {
  const type = c.req.header('content-type') ?? ''
  if (c.req.method === 'POST' && !/^application\/json\b/i.test(type))
    return c.text('Send JSON, with "Content-Type: application/json".\n', 415)
  return await next()
}
