import { createHash } from 'node:crypto'
import type { Message, MessagePart } from '../../engine/engine-client.ts'
import { FRAMES_ENDING } from '../../engine/media/media-names.ts'
import type { MediaInfo } from '../../engine/media/types.ts'
import { descriptionPrompt } from '../../shared/description-prompt.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { type FrameRequest, MAX_FRAMES } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { RequestMedia } from './media.ts'
import type { ChatRequest, ChatRequestMessage, ContentPart, ProcessorWishes } from './request.ts'

/** What the engine is to do for a request. */
export interface AskedConversation {
  /** Requests of one conversation have the same, so that the engine finds what it computed for the one before. */
  readonly key: string
  readonly messages: readonly Message[]
  /** What the answer begins with, which the model goes on from. */
  readonly begun?: string
}

export interface ConversationParts {
  readonly media: Pick<RequestMedia, 'fileOf' | 'bytesOf'>
  readonly manifest: Pick<ModelManifest, 'sampler' | 'prompt'>
  probe(path: string, signal: AbortSignal): Promise<MediaInfo>
}

/**
 * A request's messages, in their order and with their parts in theirs. The last one must be the user's; with `continue_final_message` it is the
 * assistant's, and its answer goes on from there, as vLLM has it. Where no user's message says anything, the model's own request for a description
 * is put to the last one. Throws `usage` for what cannot be understood, naming it.
 */
export async function readConversation(
  { messages, model, mm_processor_kwargs, continue_final_message }: ChatRequest,
  parts: ConversationParts,
  signal: AbortSignal,
): Promise<AskedConversation> {
  const begun = begunIn(messages, continue_final_message === true)
  const read: Message[] = []
  for (const message of begun === undefined ? messages : messages.slice(0, -1)) {
    const content: MessagePart[] = []
    for (const piece of piecesOf(message)) content.push(await partOf(piece, mm_processor_kwargs ?? {}, parts, signal))
    if (content.length === 0 && message.role === 'user') throw usage("A user's message is empty: give it some text.")
    read.push({ role: message.role === 'developer' ? 'system' : message.role, content })
  }
  const asked = await described(read, parts, signal)
  return { key: keyOf(model, asked), messages: asked, ...(begun !== undefined && { begun }) }
}

/** What the answer is begun with. */
function begunIn(messages: readonly ChatRequestMessage[], goesOn: boolean): string | undefined {
  const last = messages.at(-1)
  if (!messages.some(({ role }) => role === 'user')) throw usage("There is no user's message: there is nothing to answer.")
  if (last?.role !== 'assistant') {
    if (goesOn) throw usage("The last message must be an assistant's with some text, for continue_final_message to go on from it.")
    return undefined
  }
  if (!goesOn)
    throw usage("The last message must be a user's. With continue_final_message the assistant's own last message is gone on from.")
  const text = piecesOf(last).flatMap((piece) => ('text' in piece ? [piece.text] : []))
  if (text.length === 0) throw usage("The last message must be an assistant's with some text, for continue_final_message to go on from it.")
  return text.join('')
}

function piecesOf({ content }: ChatRequestMessage): readonly ContentPart[] {
  if (typeof content !== 'string') return content ?? []
  return content === '' ? [] : [{ type: 'text', text: content }]
}

async function partOf(piece: ContentPart, wishes: ProcessorWishes, parts: ConversationParts, signal: AbortSignal): Promise<MessagePart> {
  if ('text' in piece) return { kind: 'text', text: piece.text }
  const path = await fileOf(piece, parts.media, signal)
  const frames = await framesFor(path, wishes, parts, signal)
  return { kind: 'clip', clip: { path, frames, ...(wishes.max_pixels !== undefined && { maxPixels: wishes.max_pixels }) } }
}

async function fileOf(
  piece: Exclude<ContentPart, { text: string }>,
  media: ConversationParts['media'],
  signal: AbortSignal,
): Promise<string> {
  switch (piece.type) {
    case 'image_url':
      return await media.fileOf(piece.image_url.url, signal)
    case 'video_url':
      return await media.fileOf(piece.video_url.url, signal)
    case 'input_video': {
      const { input_video: given } = piece
      return 'data' in given ? await media.bytesOf(given.data, signal) : await media.fileOf(given.url, signal)
    }
    default:
      return assertNever(piece, 'part')
  }
}

async function described(
  messages: readonly Message[],
  { manifest, probe }: ConversationParts,
  signal: AbortSignal,
): Promise<readonly Message[]> {
  const asks = messages.some(({ role, content }) => role === 'user' && content.some((part) => part.kind === 'text' && part.text !== ''))
  if (asks) return messages
  const place = messages.findLastIndex(({ role }) => role === 'user')
  const [shown] = messages[place]?.content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : [])) ?? []
  const text = descriptionPrompt(manifest.prompt, shown && (await probe(shown.path, signal)).kind)
  return messages.map((message, i) => (i === place ? { ...message, content: [...message.content, { kind: 'text', text }] } : message))
}

/** Of everything up to the first user's message, and of that up to its last clip: another question about the same clip finds what was computed of it. */
function keyOf(model: string, messages: readonly Message[]): string {
  const place = messages.findIndex(({ role }) => role === 'user')
  const asked = messages[place]?.content ?? []
  const shown = asked.slice(0, asked.findLastIndex(({ kind }) => kind === 'clip') + 1)
  const opening = [...messages.slice(0, place), shown.length > 0 ? shown : asked]
  return `api ${createHash('sha256')
    .update(JSON.stringify([model, opening]))
    .digest('hex')}`
}

/** What `mm_processor_kwargs` says, over the clip or the part of it that is meant. Pictures sent as frames are all used unless it says otherwise. */
export async function framesFor(
  path: string,
  wishes: ProcessorWishes,
  { manifest, probe }: Pick<ConversationParts, 'manifest' | 'probe'>,
  signal: AbortSignal,
): Promise<FrameRequest> {
  const { start, end, num_frames, fps, max_frames } = wishes
  const { kind, frames } = manifest.sampler
  const range =
    start === undefined && end === undefined
      ? {}
      : { range: { unit: 'seconds' as const, ...(start !== undefined && { start }), ...(end !== undefined && { end }) } }
  if (num_frames !== undefined) return { kind, count: Math.min(num_frames, max_frames ?? MAX_FRAMES), ...range }
  if (fps === undefined && !path.endsWith(FRAMES_ENDING)) return { kind, count: Math.min(frames, max_frames ?? MAX_FRAMES), ...range }
  const { duration } = await probe(path, signal)
  const seconds = Math.max(0, Math.min(end ?? duration, duration) - (start ?? 0))
  return { kind, count: Math.max(1, Math.min(max_frames ?? MAX_FRAMES, MAX_FRAMES, Math.round(seconds * (fps ?? 1)))), ...range }
}

function usage(message: string): TarsierError {
  return new TarsierError('usage', message, { details: { param: 'messages' } })
}
