import { createHash } from 'node:crypto'
import type { Message, MessagePart } from '../../engine/engine-client.ts'
import { FRAMES_ENDING } from '../../engine/media/media-names.ts'
import type { MediaInfo } from '../../engine/media/types.ts'
import { descriptionPrompt } from '../../shared/description-prompt.ts'
import { assertNever } from '../../shared/errors.ts'
import { type ClipRange, type FrameRequest, MAX_FRAMES } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { ofPart } from './errors.ts'
import type { RequestMedia } from './media.ts'
import {
  type ChatRequest,
  type ChatRequestMessage,
  type ContentPart,
  type ProcessorOptions,
  processorOptionsOf,
  refused,
} from './request.ts'

/** Input for the engine. */
export interface RequestedConversation {
  /** Same for all requests of one conversation, so that the engine can reuse its cache. */
  readonly key: string
  readonly messages: readonly Message[]
  /** Start of the answer, which the model continues. */
  readonly answerPrefix?: string
}

export interface ConversationParts {
  readonly media: Pick<RequestMedia, 'fileOf' | 'bytesOf'>
  readonly manifest: Pick<ModelManifest, 'sampler' | 'prompt'>
  probe(path: string, signal: AbortSignal): Promise<MediaInfo>
}

/**
 * Reads a request's messages, with messages and parts in order. The last message must be the user's (or a tool's); with `continue_final_message`
 * it must be the assistant's, and the answer continues it, as in vLLM. If no user message has text, the model's own description prompt is added
 * to the last one. Throws `usage` for invalid content, with its position.
 */
export async function readConversation(
  request: ChatRequest,
  parts: ConversationParts,
  signal: AbortSignal,
): Promise<RequestedConversation> {
  const { messages, model, continue_final_message } = request
  const answerPrefix = answerPrefixIn(messages, continue_final_message === true)
  const processor = processorOptionsOf(request)
  const read: Message[] = []
  for (const [i, message] of (answerPrefix === undefined ? messages : messages.slice(0, -1)).entries()) {
    const content: MessagePart[] = []
    for (const piece of piecesOf(message)) {
      const place = Array.isArray(message.content) ? message.content.indexOf(piece) : -1
      content.push(await partOf(piece, `messages.${i}.content${place === -1 ? '' : `.${place}`}`, processor, parts, signal))
    }
    if (content.length === 0 && message.role === 'user') throw refused(`messages.${i}`, 'it is empty. Give some text')
    read.push({ role: roleOf(message), content })
  }
  const requested = await described(read, parts, signal)
  return { key: keyOf(model, requested), messages: requested, ...(answerPrefix !== undefined && { answerPrefix }) }
}

/** Returns the start of the answer, if the request continues an assistant's message. */
function answerPrefixIn(messages: readonly ChatRequestMessage[], goesOn: boolean): string | undefined {
  const last = messages.at(-1)
  const from = 'with continue_final_message, the last message must be a non-empty assistant message'
  if (!messages.some((message) => roleOf(message) === 'user')) throw refused('messages', 'there is no user message to answer')
  if (last?.role !== 'assistant') {
    if (goesOn) throw refused('messages', from)
    return undefined
  }
  if (!goesOn)
    throw refused('messages', 'the last message must be a user message. To continue an assistant message, set continue_final_message')
  const text = piecesOf(last).flatMap((piece) => ('text' in piece ? [piece.text] : []))
  if (text.length === 0) throw refused('messages', from)
  return text.join('')
}

/** Maps roles. Results of tools become user messages, because the models have no role for tools. */
function roleOf({ role }: ChatRequestMessage): Message['role'] {
  switch (role) {
    case 'developer':
      return 'system'
    case 'tool':
    case 'function':
      return 'user'
    default:
      return role
  }
}

/** Returns the parts of a message, with tool calls and results in Qwen's format. */
function piecesOf({ role, content, tool_calls: calls }: ChatRequestMessage): readonly ContentPart[] {
  const pieces: ContentPart[] =
    typeof content === 'string' ? (content === '' ? [] : [{ type: 'text', text: content }]) : [...(content ?? [])]
  const text = (text: string) => ({ type: 'text', text: text }) as const
  if (role === 'tool' || role === 'function') return [text('<tool_response>\n'), ...pieces, text('\n</tool_response>')]
  const called = (calls ?? []).map(({ function: { name, arguments: given } }) =>
    text(`<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${given}}\n</tool_call>`),
  )
  return [...pieces, ...called]
}

async function partOf(
  piece: ContentPart,
  where: string,
  processor: ProcessorOptions,
  parts: ConversationParts,
  signal: AbortSignal,
): Promise<MessagePart> {
  if ('text' in piece) return { kind: 'text', text: piece.text }
  if ('refusal' in piece) return { kind: 'text', text: piece.refusal }
  const path = await fileOf(piece, where, parts.media, signal)
  const frames = await framesFor(path, processor, parts, signal).catch((error: unknown) => {
    throw ofPart(error, where, path)
  })
  const { minPixels, maxPixels } = processor
  return {
    kind: 'clip',
    clip: { path, frames, ...(minPixels !== undefined && { minPixels }), ...(maxPixels !== undefined && { maxPixels }) },
  }
}

async function fileOf(
  piece: Exclude<ContentPart, { text: string } | { refusal: string }>,
  where: string,
  media: ConversationParts['media'],
  signal: AbortSignal,
): Promise<string> {
  switch (piece.type) {
    case 'image_url':
    case 'input_image':
      return await media.fileOf(piece.image_url.url, where, signal)
    case 'video_url':
      return await media.fileOf(piece.video_url.url, where, signal)
    case 'input_video': {
      const { input_video: given } = piece
      return 'data' in given ? await media.bytesOf(given.data, where, signal) : await media.fileOf(given.url, where, signal)
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

/**
 * Returns a hash of the messages before the first user message, and of that message up to its last clip, so that another question about the same
 * clip can reuse the cache.
 */
function keyOf(model: string, messages: readonly Message[]): string {
  const place = messages.findIndex(({ role }) => role === 'user')
  const requested = messages[place]?.content ?? []
  const shown = requested.slice(0, requested.findLastIndex(({ kind }) => kind === 'clip') + 1)
  const opening = [...messages.slice(0, place), shown.length > 0 ? shown : requested]
  return `api ${createHash('sha256')
    .update(JSON.stringify([model, opening]))
    .digest('hex')}`
}

/**
 * Resolves the frames that a request asks for, over the clip or its requested range. If the frames were sent as a list of pictures, all are used
 * by default, and `fps` is the rate at which they were taken (default 1).
 */
export async function framesFor(
  path: string,
  processor: ProcessorOptions,
  { manifest, probe }: Pick<ConversationParts, 'manifest' | 'probe'>,
  signal: AbortSignal,
): Promise<FrameRequest> {
  const { start, end, frames, fps, maxFrames = MAX_FRAMES } = processor
  const { kind, frames: usual } = manifest.sampler
  const inPictures = path.endsWith(FRAMES_ENDING)
  const rate = inPictures ? (fps ?? 1) : null
  const bounded = (count: number) => Math.max(1, Math.min(maxFrames, MAX_FRAMES, count))
  const range = rangeOf(start, end, rate)
  if (frames !== undefined && frames !== -1) return { kind, count: bounded(frames), ...range }
  if (frames === undefined && fps === undefined && !inPictures) return { kind, count: bounded(usual), ...range }
  const { duration, frameCount } = await probe(path, signal)
  if (frames === -1 || inPictures) {
    const perSecond = rate ?? (duration > 0 ? frameCount / duration : 1)
    const [first, last] = [Math.round((start ?? 0) * perSecond), end === undefined ? frameCount : Math.round(end * perSecond)]
    return { kind, count: bounded(Math.min(frameCount, last) - first), ...range }
  }
  const seconds = Math.max(0, Math.min(end ?? duration, duration) - (start ?? 0))
  return { kind, count: bounded(Math.round(seconds * (fps ?? 1))), ...range }
}

/** @param rate frame rate of pictures that were sent as frames, which have no times of their own; null for other clips */
function rangeOf(start: number | undefined, end: number | undefined, rate: number | null): { range?: ClipRange } {
  if (start === undefined && end === undefined) return {}
  const unit = rate === null ? 'seconds' : 'frames'
  const counted = (seconds: number) => (rate === null ? seconds : Math.round(seconds * rate))
  return { range: { unit, ...(start !== undefined && { start: counted(start) }), ...(end !== undefined && { end: counted(end) }) } }
}
