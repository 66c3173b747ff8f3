/** Where the server answers calls of the contract. */
export const RPC_PATH = '/rpc'

/**
 * Where clips lie on the server; `clip://<handle>/…` in the shell has the same paths below the handle.
 * - `POST /clips?name=<file name>` with a file's bytes as the body makes a handle and answers with its `ClipFacts`, or with an `ErrorData`
 *   and status 4xx.
 * - `GET /clips/<handle>` gives the file's bytes, `GET /clips/<handle>/preview` those of a form that browsers play; both with Range.
 */
export const CLIPS_PATH = '/clips'

/** The server's address of what a player shall play. */
export function clipAddress(handle: string, what: 'file' | 'preview' = 'file'): string {
  return what === 'file' ? `${CLIPS_PATH}/${handle}` : `${CLIPS_PATH}/${handle}/preview`
}
