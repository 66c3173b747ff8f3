import { createHash } from 'node:crypto'
import type { ContentBlock } from '@modelcontextprotocol/server'
import type { EngineClient, TimeEvent } from '../../engine/engine-client.ts'
import { rewriterFor } from '../../engine/rewriting/rewriter.ts'
import { messagesOf } from '../../service/answering.ts'
import { descriptionPrompt } from '../../shared/description-prompt.ts'
import type { Answer, EngineEvent } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { CaptionShape } from '../../shared/shaping/caption-shape.ts'
import { readyShape } from '../../shared/shaping/ready-shapes.ts'
import { shapedEvents } from '../../shared/shaping/shaped-answer.ts'
import { supportReport } from '../../shared/support-report.ts'
import type { TimedText } from '../../shared/timed-text.ts'
import { askedFrames, askedSettings, modelNotices } from './asked-settings.ts'
import type { Call, ToolOutput } from './call.ts'
import type { AgentParts } from './parts.ts'
import type { AnswerOutput, AskInput, DescribeInput } from './schemas.ts'

/** A question, or none for the model's own request for a description. */
type AnswerInput = Omit<AskInput, 'question'> & { readonly question?: string; readonly shape?: CaptionShape | null }

/** Describes a clip; see {@link answer}. */
export function describe({ prompt, shape: wanted, ...rest }: DescribeInput, parts: AgentParts, call: Call): Promise<ToolOutput> {
  const shape = typeof wanted === 'string' ? (readyShape(wanted) ?? null) : (wanted ?? null)
  const question = prompt ?? shape?.prompt
  return answer({ ...rest, shape, ...(question !== undefined && { question }) }, parts, call)
}

/** Answers a question about a clip. Nothing is stored, except the clip's computed data in the cache. */
export async function answer(input: AnswerInput, { service, client }: AgentParts, call: Call): Promise<ToolOutput> {
  const { signal, progress } = call
  const path = await call.fileOf(input.path)
  const { settings, manifest } = await service.fileEvents.settingsOf(askedSettings(input))
  const { model, device, maxPixels, system, sampling } = settings
  const { kind, duration } = await service.media.probe(path, signal)
  const clip = { path, frames: askedFrames(input, settings.frames), maxPixels, fit: true }
  const earlier = (input.earlier ?? []).map(({ question, answer: text }) => ({ question, text }))
  const messages = messagesOf(earlier, input.question ?? descriptionPrompt(manifest.prompt, kind), clip)
  // The same for all questions about these frames, so that the engine reuses what it has computed of them.
  const conversation = `agents ${createHash('sha256')
    .update(JSON.stringify([clip, system]))
    .digest('hex')}`
  const work = async function* (): AsyncGenerator<EngineEvent | TimeEvent, void> {
    const engine: EngineClient = await service.engines.for({ model, device, cache: service.settings().cache }, conversation)
    let text = ''
    const asked = { kind: 'chat', messages, system } as const
    const rewriter = rewriterFor({ engine, home: service.home, conversation, turn: asked, signal })
    for await (const event of shapedEvents(engine.answer(conversation, { ...asked, sampling }, signal), input.shape ?? null, rewriter)) {
      if (event.kind === 'done') ({ text } = event.answer)
      yield event
    }
    if (input.withTimes && text.trim() !== '') yield* engine.timeText(conversation, { turn: asked, text }, signal)
  }
  let answered: Answer | null = null
  let timed: TimedText | null = null
  for await (const event of service.runs.inTurn({ client, kind: 'api' }, work, signal)) {
    progress.event(event)
    if (event.kind === 'done') answered = event.answer
    if (event.kind === 'timed') ({ timed } = event)
  }
  if (!answered) throw new TarsierError('internal', 'The engine returned no answer. Please report it.')
  const result: AnswerOutput = {
    file: input.path,
    text: answered.text,
    ...(answered.shaped && { shaped: answered.shaped }),
    model,
    finish: answered.finish,
    duration,
    frames: answered.frames.map(({ index, time }) => ({ index, time })),
    ...(timed && timesOf(timed)),
    notices: [...modelNotices(model, manifest), ...answered.notices],
  }
  const content =
    input.images === undefined ? [] : await pictures({ path, maxPixels, answered, count: input.images }, manifest, service, call)
  return { result, content }
}

function timesOf(timed: TimedText): Pick<AnswerOutput, 'events' | 'sentences'> {
  const { sentences } = supportReport('', timed)
  const events = timed.clauses.map(({ text, begins, ends, confidence }) => ({
    text,
    start: begins,
    end: begins === null ? null : ends,
    confidence,
  }))
  return { events, sentences }
}

interface WantedPictures {
  readonly path: string
  readonly maxPixels: number | undefined
  readonly answered: Answer
  readonly count: number
}

/** Pictures of some of the frames that the model saw, evenly chosen, each after a line with its time. */
async function pictures(
  { path, maxPixels, answered: { frames, fitted }, count }: WantedPictures,
  manifest: ModelManifest,
  { media }: AgentParts['service'],
  { signal, progress }: Call,
): Promise<ContentBlock[]> {
  const shown = Math.min(count, frames.length)
  const chosen = new Set(Array.from({ length: shown }, (_, i) => Math.floor(((i + 0.5) * frames.length) / shown)))
  const content: ContentBlock[] = []
  // All frames are asked for: their number decides how large the model sees each.
  const request = {
    path,
    frames: { kind: 'indices', indices: frames.map(({ index }) => index) },
    maxPixels: fitted?.maxPixels ?? maxPixels,
  } as const
  for await (const { done, of, time, bytes } of media.pictures(request, manifest, signal)) {
    progress.say(`picture ${done} of ${of}`)
    if (!chosen.has(done - 1)) continue
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    content.push({ type: 'text', text: `Frame at ${time.toFixed(2)} s:` }, { type: 'image', mimeType: 'image/jpeg', data })
  }
  return content
}
