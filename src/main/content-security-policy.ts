/**
 * What the page may load: its own files, and the bytes of clips that were opened. No inline script or style, no plugin, no frame, nobody else's server.
 * `src/renderer/index.html` carries the same policy for where the page is served without this header.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' clip:",
  "media-src 'self' clip:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')
