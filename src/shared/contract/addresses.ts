/** Path of the contract's procedures on the server. */
export const RPC_PATH = '/rpc'

/** Header with an id of the calling page or program, at most 64 characters. Calls without it count as one client. */
export const CLIENT_HEADER = 'x-tarsier-client'

/** Path of the tools for agents on the server: the Model Context Protocol over streamable HTTP. */
export const AGENTS_PATH = '/mcp'

/**
 * Clip routes of the server; the shell serves the same paths under `clip://tarsier`.
 * - `POST /clips?name=<file name>` with the file as body creates a handle and returns its `ClipMetadata`, or an `ErrorData`
 *   with status 4xx.
 * - `GET /clips/<handle>` returns the file, `GET /clips/<handle>/preview` a version that browsers can play; both support Range.
 * - `GET /clips/<handle>/pieces/<id>` downloads a piece that `events.saveMoment` has cut.
 */
export const CLIPS_PATH = '/clips'

/** URL of a clip or its preview on the server. */
export function clipAddress(handle: string, what: 'file' | 'preview' = 'file'): string {
  return what === 'file' ? `${CLIPS_PATH}/${handle}` : `${CLIPS_PATH}/${handle}/preview`
}

/** URL of a piece of a clip on the server. */
export function pieceAddress(handle: string, piece: string): string {
  return `${CLIPS_PATH}/${handle}/pieces/${piece}`
}

/** URL of a piece of a clip in the shell. */
export function shellPieceAddress(handle: string, piece: string): string {
  return `${CLIP_SCHEME}://tarsier${pieceAddress(handle, piece)}`
}

/** URL scheme under which the shell serves clips. */
export const CLIP_SCHEME = 'clip'

/** URL of a clip or its preview in the shell. The handle is not the host, because hosts are lowercased. */
export function shellClipAddress(handle: string, what: 'file' | 'preview' = 'file'): string {
  return `${CLIP_SCHEME}://tarsier${clipAddress(handle, what)}`
}

/** URL fragment that tells the page which clips to open; empty for none. */
export function clipsFragment(handles: readonly string[]): string {
  return handles.length === 0 ? '' : `#${handles.map((handle) => `clip=${handle}`).join('&')}`
}

/** Reads the handles from a URL fragment. Handles contain only letters and digits, so they need no escaping. */
export function clipsOfFragment(fragment: string): readonly string[] {
  const parts = fragment.replace(/^#/, '').split('&')
  return parts.flatMap((part) => (part.startsWith('clip=') ? [part.slice('clip='.length)] : []))
}

/** Value of the header Content-Disposition that has a browser save a file under this name (RFC 6266). */
export function attachment(name: string): string {
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${name.replace(/[^\x20-\x7e]|["\\%]/g, '_')}"; filename*=UTF-8''${encoded}`
}
