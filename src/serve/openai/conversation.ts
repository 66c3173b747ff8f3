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

/** What the engine is to do for a request. */
export interface RequestedConversation {
  /** Requests of one conversation have the same, so that the engine finds what it computed for the one before. */
  readonly key: string
  readonly messages: readonly Message[]
  /** What the answer begins with, which the model goes on from. */
  readonly answerPrefix?: string
}

export interface ConversationParts {
  readonly media: Pick<RequestMedia, 'fileOf' | 'bytesOf'>
  readonly manifest: Pick<ModelManifest, 'sampler' | 'prompt'>
  probe(path: string, signal: AbortSignal): Promise<MediaInfo>
}

/**
 * A request's messages, in their order and with their parts in theirs. The last one must be the user's (or a tool's); with `continue_final_message`
 * it is the assistant's, and its answer goes on from there, as vLLM has it. Where no user's message says anything, the model's own request for a
 * description is put to the last one. Throws `usage` for what cannot be understood, naming it.
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
    if (content.length === 0 && message.role === 'user') throw refused(`messages.${i}`, 'it is empty: give it some text')
    read.push({ role: roleOf(message), content })
  }
  const requested = await described(read, parts, signal)
  return { key: keyOf(model, requested), messages: requested, ...(answerPrefix !== undefined && { answerPrefix }) }
}

/** What the answer is begun with. */
function answerPrefixIn(messages: readonly ChatRequestMessage[], goesOn: boolean): string | undefined {
  const last = messages.at(-1)
  const from = "the last message must be an assistant's with some text, for continue_final_message to go on from it"
  if (!messages.some((message) => roleOf(message) === 'user'))
    throw refused('messages', "there is no user's message: there is nothing to answer")
  if (last?.role !== 'assistant') {
    if (goesOn) throw refused('messages', from)
    return undefined
  }
  if (!goesOn)
    throw refused('messages', "the last one must be a user's. With continue_final_message the assistant's own last message is gone on from")
  const text = piecesOf(last).flatMap((piece) => ('text' in piece ? [piece.text] : []))
  if (text.length === 0) throw refused('messages', from)
  return text.join('')
}

/** What a tool said is shown as a user's message: no model of ours has a place of its own for it. */
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

/** Calls of tools and what they gave, in Qwen's own words for them. */
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

/** Of everything up to the first user's message, and of that up to its last clip: another question about the same clip finds what was computed of it. */
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
 * What a request wishes, over the clip or the part of it that is meant. Of pictures that were sent as a clip's frames all are used unless it says
 * otherwise, and `fps` is the rate at which they were taken: one a second where it does not say.
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

/** @param rate of pictures that were sent as frames, which have no times of their own */
function rangeOf(start: number | undefined, end: number | undefined, rate: number | null): { range?: ClipRange } {
  if (start === undefined && end === undefined) return {}
  const unit = rate === null ? 'seconds' : 'frames'
  const counted = (seconds: number) => (rate === null ? seconds : Math.round(seconds * rate))
  return { range: { unit, ...(start !== undefined && { start: counted(start) }), ...(end !== undefined && { end: counted(end) }) } }
}
