import { createHash } from 'node:crypto'
import type { ClipRequest, PastTurn } from '../../engine/engine-client.ts'
import { FRAMES_ENDING } from '../../engine/media/media-names.ts'
import type { MediaInfo } from '../../engine/media/types.ts'
import { TarsierError } from '../../shared/errors.ts'
import { type FrameRequest, MAX_FRAMES } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { RequestMedia } from './media.ts'
import type { ChatRequest, ChatRequestMessage, ContentPart, ProcessorWishes } from './request.ts'

/** What the engine is to do for a request. */
export interface AskedConversation {
  /** Requests of one conversation have the same, so that the engine finds what it computed for the one before. */
  readonly key: string
  readonly history: readonly PastTurn[]
  readonly text: string
  readonly clip: ClipRequest | undefined
  /** What the answer begins with, which the model goes on from. */
  readonly begun?: string
}

export interface ConversationParts {
  readonly media: RequestMedia
  readonly manifest: Pick<ModelManifest, 'sampler'>
  probe(path: string, signal: AbortSignal): Promise<MediaInfo>
}

interface Message {
  readonly text: string
  readonly clip: ClipRequest | undefined
}

/**
 * A request's messages as turns. The last one must be the user's; with `continue_final_message` it is the assistant's, and its answer goes on from
 * there, as vLLM has it. System messages, which Tarsier's templates have no place for, stand before the first question. Throws `usage` for what
 * cannot be understood, naming it.
 */
export async function readConversation(
  { messages, model, mm_processor_kwargs, continue_final_message }: ChatRequest,
  parts: ConversationParts,
  signal: AbortSignal,
): Promise<AskedConversation> {
  const system = messages.filter(isSystem).map(textOf).filter(Boolean)
  const turns = groups(messages.filter((message) => !isSystem(message)))
  const last = turns.pop()
  if (!last) throw usage("There is no user's message: there is nothing to answer.")
  const { answer: begun } = last
  const goesOn = continue_final_message === true
  if (begun !== undefined && !goesOn)
    throw usage("The last message must be a user's. With continue_final_message the assistant's own last message is gone on from.")
  if (goesOn && !begun) throw usage("The last message must be an assistant's with some text, for continue_final_message to go on from it.")
  const wishes = mm_processor_kwargs ?? {}
  const history: PastTurn[] = []
  for (const { asked, answer = '' } of turns) history.push({ ...(await read(asked, wishes, parts, signal)), answer })
  const question = { ...(await read(last.asked, wishes, parts, signal)), ...(begun !== undefined && { begun }) }
  const [first] = history
  if (system.length > 0) {
    if (first) history[0] = { ...first, text: [...system, first.text].join('\n\n') }
    else return finished({ history, ...question, text: [...system, question.text].join('\n\n') }, model)
  }
  return finished({ history, ...question }, model)
}

function finished(asked: Omit<AskedConversation, 'key'>, model: string): AskedConversation {
  const opening = asked.history[0] ?? asked
  const key = createHash('sha256')
    .update(JSON.stringify([model, opening.text, opening.clip]))
    .digest('hex')
  return { ...asked, key: `api ${key}` }
}

/** Each run of user messages with the assistant's answer to it. */
function groups(messages: readonly ChatRequestMessage[]): { asked: ChatRequestMessage[]; answer?: string }[] {
  const turns: { asked: ChatRequestMessage[]; answer?: string }[] = []
  for (const message of messages) {
    const open = turns.at(-1)
    if (message.role === 'assistant') {
      if (!open || open.answer !== undefined) throw usage("An assistant's message must follow a user's.")
      open.answer = textOf(message)
    } else if (open && open.answer === undefined) open.asked.push(message)
    else turns.push({ asked: [message] })
  }
  return turns
}

async function read(
  messages: readonly ChatRequestMessage[],
  wishes: ProcessorWishes,
  parts: ConversationParts,
  signal: AbortSignal,
): Promise<Message> {
  const text = messages.map(textOf).filter(Boolean).join('\n')
  const pieces = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []))
  const path = await fileOf(pieces, parts.media, signal)
  if (text === '' && path === undefined) throw usage('A message is empty: give it some text.')
  const clip =
    path === undefined
      ? undefined
      : {
          path,
          frames: await framesFor(path, wishes, parts, signal),
          ...(wishes.max_pixels !== undefined && { maxPixels: wishes.max_pixels }),
        }
  return { text: text === '' ? 'Describe the video in detail.' : text, clip }
}

/** The clip of a message: a video, a picture, or several pictures that are its frames. */
async function fileOf(pieces: readonly ContentPart[], media: RequestMedia, signal: AbortSignal): Promise<string | undefined> {
  const pictures: string[] = []
  const films: string[] = []
  for (const piece of pieces) {
    if (piece.type === 'image_url') pictures.push(await media.fileOf(piece.image_url.url, signal))
    else if (piece.type === 'video_url') films.push(await media.fileOf(piece.video_url.url, signal))
    else if (piece.type === 'input_video') {
      const { input_video: given } = piece
      films.push('data' in given ? await media.bytesOf(given.data, signal) : await media.fileOf(given.url, signal))
    }
  }
  if (films.length > 1) throw usage('One message may bring one video. Ask about each in a message of its own.')
  if (films.length === 1 && pictures.length > 0) throw usage('One message may bring a video or pictures, not both.')
  if (pictures.length > MAX_FRAMES) throw usage(`One message may bring ${MAX_FRAMES} pictures at most.`)
  return films[0] ?? (pictures.length > 1 ? await media.framesOf(pictures) : pictures[0])
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

function isSystem({ role }: ChatRequestMessage): boolean {
  return role === 'system' || role === 'developer'
}

function textOf({ content }: ChatRequestMessage): string {
  if (typeof content === 'string') return content
  return (content ?? []).flatMap((part) => ('text' in part ? [part.text] : [])).join('\n')
}

function usage(message: string): TarsierError {
  return new TarsierError('usage', message, { details: { param: 'messages' } })
}
