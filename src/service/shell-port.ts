import { RPCHandler } from '@orpc/server/message-port'
import { assertNever, asTarsierError, type ErrorData, isAbort } from '../shared/errors.ts'
import { mediaTypeOf } from './browser-formats.ts'
import { router } from './router.ts'
import type { Service } from './service.ts'
import { findClips } from './walk.ts'

/** What the shell says to the service's process. Paths come from the shell alone, never from a page. */
export type FromShell =
  /** With a port, whose other end a page has. */
  | { readonly kind: 'page'; readonly client: string }
  /** Files that a person dropped or chose, and folders of them. */
  | { readonly kind: 'open'; readonly id: number; readonly paths: readonly string[] }
  /** A folder that a person chose to import a model from. */
  | { readonly kind: 'folder'; readonly id: number; readonly path: string }
  /** Where the bytes of a clip lie, for `clip://`. */
  | { readonly kind: 'locate'; readonly id: number; readonly handle: string; readonly what: 'file' | 'preview' }

export interface OpenedFile {
  readonly path: string
  /** Null where it could not be opened; `error` says why. */
  readonly handle: string | null
  readonly error: ErrorData | null
}

export type ToShell =
  | { readonly kind: 'opened'; readonly id: number; readonly files: readonly OpenedFile[] }
  | { readonly kind: 'folder'; readonly id: number; readonly handle: string }
  | { readonly kind: 'located'; readonly id: number; readonly path: string; readonly mediaType: string }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData }

/** A message port of Node, of a browser or of Electron's main process. */
type PagePort = Parameters<RPCHandler<never>['upgrade']>[0] & { start?(): void }

const never = new AbortController().signal

/** Answers the shell, and serves the contract on the ports it brings. */
export class ShellPort {
  readonly #service: Service
  readonly #handler = new RPCHandler(router)
  readonly #send: (message: ToShell) => void

  constructor(service: Service, send: (message: ToShell) => void) {
    this.#service = service
    this.#send = send
  }

  receive(message: FromShell, ports: readonly PagePort[]): void {
    if (message.kind === 'page') {
      for (const port of ports) {
        this.#handler.upgrade(port, { context: { service: this.#service, client: message.client } })
        port.start?.()
      }
      return
    }
    this.#answer(message).then(this.#send, (error: unknown) =>
      this.#send({ kind: 'failed', id: message.id, error: asTarsierError(error).toData() }),
    )
  }

  async #answer(message: Exclude<FromShell, { kind: 'page' }>): Promise<ToShell> {
    const { id } = message
    switch (message.kind) {
      case 'open':
        return { kind: 'opened', id, files: await this.#open(message.paths) }
      case 'folder':
        return { kind: 'folder', id, handle: this.#service.folders.add(message.path) }
      case 'locate': {
        const clip = await this.#service.clips.present(message.handle, never)
        if (message.what === 'file') return { kind: 'located', id, path: clip.path, mediaType: mediaTypeOf(clip.facts) }
        return {
          kind: 'located',
          id,
          path: this.#service.previews.pathOf(clip),
          mediaType: clip.facts.kind === 'image' ? 'image/jpeg' : 'video/webm',
        }
      }
      default:
        return assertNever(message, 'message')
    }
  }

  /** One that cannot be opened does not keep the others from it. */
  async #open(paths: readonly string[]): Promise<OpenedFile[]> {
    const files: OpenedFile[] = []
    for (const { file, error } of await findClips(paths, never)) {
      try {
        if (error) throw error
        files.push({ path: file, handle: (await this.#service.clips.open(file, {}, never)).id, error: null })
      } catch (failure) {
        if (isAbort(failure)) throw failure
        files.push({ path: file, handle: null, error: asTarsierError(failure).toData() })
      }
    }
    return files
  }
}
