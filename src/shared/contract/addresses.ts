/** Where the server answers calls of the contract. */
export const RPC_PATH = '/rpc'

/**
 * Where clips lie on the server; the shell has the same paths below `clip://tarsier`.
 * - `POST /clips?name=<file name>` with a file's bytes as the body makes a handle and answers with its `ClipFacts`, or with an `ErrorData`
 *   and status 4xx.
 * - `GET /clips/<handle>` gives the file's bytes, `GET /clips/<handle>/preview` those of a form that browsers play; both with Range.
 */
export const CLIPS_PATH = '/clips'

/** The server's address of what a player shall play. */
export function clipAddress(handle: string, what: 'file' | 'preview' = 'file'): string {
  return what === 'file' ? `${CLIPS_PATH}/${handle}` : `${CLIPS_PATH}/${handle}/preview`
}

/** Scheme of what the shell serves of clips. */
export const CLIP_SCHEME = 'clip'

/** The shell's address of what a player shall play. The handle is not the host's place: hosts know no capitals. */
export function shellClipAddress(handle: string, what: 'file' | 'preview' = 'file'): string {
  return `${CLIP_SCHEME}://tarsier${clipAddress(handle, what)}`
}

/** The end of the page's address that says which clips it is to open; empty for none. */
export function clipsFragment(handles: readonly string[]): string {
  return handles.length === 0 ? '' : `#${handles.map((handle) => `clip=${handle}`).join('&')}`
}

/** The handles in the end of an address. Handles are of letters and digits that addresses keep as they are. */
export function clipsOfFragment(fragment: string): readonly string[] {
  const parts = fragment.replace(/^#/, '').split('&')
  return parts.flatMap((part) => (part.startsWith('clip=') ? [part.slice('clip='.length)] : []))
}
