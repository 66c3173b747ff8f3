import type { Service } from '../../service/service.ts'
import type { CheckTextEvent, FindEventsEvent } from '../../shared/contract/events.ts'
import { supportReport } from '../../shared/support-report.ts'
import { apiError, placed } from './errors.ts'
import type { RequestMedia } from './media.ts'
import { type CheckChunk, type CheckRequest, checkSettings, type EventsChunk, type EventsRequest, searchSettings } from './video-request.ts'

export interface VideoParts {
  readonly service: Service
  /** Creates the storage for the file of this request. */
  openMedia(): RequestMedia
  /** Identifies the request, for fair scheduling. */
  readonly client: string
}

/** Finds the events of a request's clip; the last chunk is the result. */
export async function* eventChunks(request: EventsRequest, parts: VideoParts, signal: AbortSignal): AsyncGenerator<EventsChunk, void> {
  const { service, client } = parts
  await using media = parts.openMedia()
  try {
    const path = await media.fileOf(request.video, 'video', signal)
    const frames = await service.fileEvents.framesOf(request.frames, request)
    const settings = await service.fileEvents.resolve({ ...searchSettings(request), ...frames })
    // A copy of a clip in a request has a new path each time.
    const searched = { path, file: nameOf(request.video), resumable: !isSent(request.video) }
    const search = service.fileEvents.find(searched, settings, { client, kind: 'api' }, signal)
    try {
      for (;;) {
        const next = await search.next()
        if (next.done) {
          await next.value.finish()
          yield { type: 'result', result: next.value.events }
          return
        }
        const event = next.value
        if (event.kind === 'shots') yield { type: 'progress', stage: 'shots', done: event.seconds, of: event.duration }
        else if (event.kind === 'segment') {
          const { done, of, segment, events, secondsLeft } = event
          yield { type: 'segment', done, of, segment, events, seconds_left: secondsLeft }
        } else yield* progressOf(event)
      }
    } finally {
      // Aborted, or the client has left.
      await search.return(null as never)
    }
  } catch (error) {
    throw placed(error, media.places)
  }
}

/** Checks a request's text against its clip; the last chunk is the result. */
export async function* checkChunks(request: CheckRequest, parts: VideoParts, signal: AbortSignal): AsyncGenerator<CheckChunk, void> {
  const { service, client } = parts
  await using media = parts.openMedia()
  try {
    const path = await media.fileOf(request.video, 'video', signal)
    const checked = { path, text: request.text, question: request.prompt ?? undefined }
    const settings = { ...checkSettings(request), ...(await service.fileEvents.framesOf(request.frames, request)) }
    for await (const event of service.fileEvents.check(checked, settings, { client, kind: 'api' }, signal)) {
      if (event.kind === 'checked') yield { type: 'result', result: supportReport(nameOf(request.video), event.timed) }
      else yield* progressOf(event)
    }
  } catch (error) {
    throw placed(error, media.places)
  }
}

function* progressOf(event: FindEventsEvent | CheckTextEvent): Generator<Extract<CheckChunk, { type: 'progress' }>, void> {
  if (event.kind === 'frame') yield { type: 'progress', stage: 'frames', done: event.done, of: event.of }
  else if (event.kind === 'scored') yield { type: 'progress', stage: 'scoring', done: event.done, of: event.of }
  else if (event.kind === 'summary') yield { type: 'progress', stage: 'summary', done: event.done, of: event.of }
}

/** The result of chunks, without streaming. */
export async function lastResult(chunks: AsyncIterable<EventsChunk | CheckChunk>): Promise<object> {
  let result = {}
  for await (const each of chunks) if (each.type === 'result') ({ result } = each)
  return result
}

/**
 * Server-sent events of chunks. An error after the first chunk is sent as the last event.
 * @param folders known folders of the server, which no message contains
 */
export async function* chunkLines(
  chunks: AsyncGenerator<EventsChunk | CheckChunk, void>,
  first: IteratorResult<EventsChunk | CheckChunk, void>,
  folders: readonly string[],
): AsyncGenerator<string, void> {
  try {
    for (let next = first; !next.done; next = await chunks.next()) yield `data: ${JSON.stringify(next.value)}\n\n`
    yield 'data: [DONE]\n\n'
  } catch (error) {
    yield `data: ${JSON.stringify(apiError(error, folders).body)}\n\n`
  } finally {
    await chunks.return()
  }
}

function isSent(video: string): boolean {
  return /^(data|https?):/i.test(video)
}

/** The clip as the request names it; the data of a clip is no name. */
function nameOf(video: string): string {
  return /^data:/i.test(video) ? 'video' : video
}
