/**
 * What the page may load: its own files. No inline script or style, no plugin, no frame, nobody else's server.
 * `src/renderer/index.html` carries the same policy for where the page is served without this header.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')
