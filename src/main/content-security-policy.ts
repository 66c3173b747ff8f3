/**
 * Content security policy of the page: only its own files and the bytes of opened clips. No inline scripts or styles, plugins, frames or servers.
 * `src/renderer/index.html` contains the same policy, for pages that are served without this header.
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
