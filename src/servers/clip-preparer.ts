import { availableParallelism } from 'node:os'
import type { ClipRequest, Message } from '../engine/engine-client.ts'
import { towerForm } from '../engine/families/families.ts'
import { MediaProcess } from '../engine/host/media-process.ts'
import { PromptTokens } from '../engine/host/prompt-tokens.ts'
import type { EncodedFrame, PictureFormat } from '../engine/pictures.ts'
import { slicesOf, type TowerForm } from '../engine/vision/tower-form.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import type { MediaMetadata } from '../shared/media-metadata.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'

/** More processes would read clips faster than a server can work on them. */
const MAX_PROCESSES = 8

/** A text, or a clip as the pictures of its frames. */
export type PreparedPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'clip'; readonly frames: readonly EncodedFrame[] }

export interface PreparedMessages {
  readonly messages: readonly { readonly role: Message['role']; readonly content: readonly PreparedPart[] }[]
  /** Tokens that the engine would have for the clips, and for everything else. */
  readonly tokens: { readonly visual: number; readonly text: number }
  readonly notices: readonly string[]
  /** Milliseconds for the clips. */
  readonly decode: number
}

/** Prepares clips as an imported model's engine does: the same frames, at the same size. */
export class ClipPreparer implements AsyncDisposable {
  readonly #manifest: ModelManifest
  readonly #form: TowerForm
  readonly #tokens: PromptTokens
  /** Decoding and resizing a clip is the work of one core. */
  readonly #processes = Array.from({ length: Math.min(MAX_PROCESSES, availableParallelism()) }, () => new MediaProcess())
  #next = 0

  /** @param directory folder of the model */
  constructor(directory: string, manifest: ModelManifest) {
    this.#manifest = manifest
    this.#form = towerForm(manifest)
    this.#tokens = new PromptTokens(directory)
  }

  /** Number of clips that are prepared at the same time. */
  get processes(): number {
    return this.#processes.length
  }

  /**
   * Decodes the clips of messages. A user's message without text gets the model's request for a description. Throws as opening and decoding do.
   * @param answerPrefix given beginning of the answer, which counts as text
   * @param onFrame called with each frame
   */
  async prepare(
    messages: readonly Message[],
    { answerPrefix, format }: { readonly answerPrefix: string; readonly format: PictureFormat },
    onFrame: (frame: EncodedFrame) => void,
    signal: AbortSignal,
  ): Promise<PreparedMessages> {
    const started = performance.now()
    const notices: string[] = []
    const prepared: { role: Message['role']; content: PreparedPart[] }[] = []
    for (const { role, content } of messages) {
      const parts: PreparedPart[] = []
      let kind: MediaMetadata['kind'] | undefined
      for (const part of content) {
        if (part.kind === 'text') {
          parts.push(part)
          continue
        }
        const shown = await this.#decode(part.clip, format, { onFrame, onNotice: (text) => notices.push(text) }, signal)
        kind ??= shown.kind
        parts.push({ kind: 'clip', frames: shown.frames })
      }
      if (role === 'user' && !parts.some((part) => part.kind === 'text'))
        parts.push({ kind: 'text', text: descriptionPrompt(this.#manifest.prompt, kind) })
      prepared.push({ role, content: parts })
    }
    const decode = performance.now() - started
    const text = await this.#tokens.count(prepared, answerPrefix, signal)
    const clips = prepared.flatMap(({ content }) => content.flatMap((part) => (part.kind === 'clip' ? [part.frames] : [])))
    const visual = clips.reduce((sum, frames) => sum + this.#rowsOf(frames), 0)
    return { messages: prepared, tokens: { visual, text }, notices, decode }
  }

  #rowsOf(frames: readonly EncodedFrame[]): number {
    const [first] = frames
    return first ? slicesOf(this.#form, frames.length) * this.#form.tokens(first).rows : 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes, this.#tokens].map((part) => part[Symbol.asyncDispose]()))
  }

  async #decode(
    { path, frames: wanted, maxPixels }: ClipRequest,
    format: PictureFormat,
    { onFrame, onNotice }: { readonly onFrame: (frame: EncodedFrame) => void; readonly onNotice: (text: string) => void },
    signal: AbortSignal,
  ): Promise<{ readonly kind: MediaMetadata['kind']; readonly frames: readonly EncodedFrame[] }> {
    const process = this.#processes[this.#next++ % this.#processes.length] ?? new MediaProcess()
    return await process.use(async (media) => {
      const { kind } = await media.probe(path, signal)
      const frames: EncodedFrame[] = []
      const request = { path, frames: wanted, maxPixels, format }
      for await (const frame of media.pictures(request, this.#manifest, signal, onNotice)) {
        frames.push(frame)
        onFrame(frame)
      }
      return { kind, frames }
    })
  }
}
