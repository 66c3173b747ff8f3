import { RPCHandler } from '@orpc/server/message-port'
import { assertNever, asTarsierError } from '../shared/errors.ts'
import type { FromShell, LocatedFile, ShellAnswers, ShellQuestion, ToShell } from '../shared/shell-messages.ts'
import { mediaTypeOf } from './browser-formats.ts'
import { openPaths } from './open-paths.ts'
import { router } from './router.ts'
import type { Service } from './service.ts'

/** A message port of Node, a browser or Electron's main process. */
type PagePort = Parameters<RPCHandler<never>['upgrade']>[0] & { start?(): void }

const never = new AbortController().signal

/** Answers the shell, and serves the contract on the ports that it sends. */
export class ShellPort {
  readonly #service: Service
  readonly #handler = new RPCHandler(router)
  readonly #send: (message: ToShell) => void

  constructor(service: Service, send: (message: ToShell) => void) {
    this.#service = service
    this.#send = send
  }

  /** Handles a message. `end` must be handled by the owner of the service. */
  receive(message: Exclude<FromShell, { kind: 'end' }>, ports: readonly PagePort[]): void {
    if (message.kind === 'page') {
      this.#service.media.start()
      for (const port of ports) {
        this.#handler.upgrade(port, { context: { service: this.#service, client: message.client } })
        port.start?.()
      }
      return
    }
    const { id, question } = message
    this.#answer(question).then(
      (answer) => this.#send({ kind: 'answer', id, answer }),
      (error: unknown) => this.#send({ kind: 'failed', id, error: asTarsierError(error).toData() }),
    )
  }

  async #answer(question: ShellQuestion): Promise<ShellAnswers[keyof ShellAnswers]> {
    switch (question.kind) {
      case 'open':
        return await openPaths(this.#service, question.paths, never)
      case 'folder':
        return this.#service.folders.add(question.path)
      case 'locate':
        return await this.#locate(question.handle, question.what)
      case 'piece':
        return this.#service.moments.get(question.handle, question.piece)
      default:
        return assertNever(question, 'question')
    }
  }

  async #locate(handle: string, what: 'file' | 'preview'): Promise<LocatedFile> {
    const { clips, previews } = this.#service
    if (what === 'file') {
      const clip = await clips.present(handle, never)
      return { path: clip.path, mediaType: mediaTypeOf(clip.facts) }
    }
    const clip = await clips.get(handle, never)
    return { path: previews.pathOf(clip), mediaType: clip.facts.kind === 'image' ? 'image/jpeg' : 'video/webm' }
  }
}
