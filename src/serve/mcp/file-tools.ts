import { TarsierError } from '../../shared/errors.ts'
import { supportReport } from '../../shared/support-report.ts'
import { askedFrames, askedSettings, modelNotices } from './asked-settings.ts'
import type { Call, ToolOutput } from './call.ts'
import type { AgentParts } from './parts.ts'
import type { CheckInput, CheckOutput, EventsInput } from './schemas.ts'

/** Finds the events of a clip. A search that was cancelled continues with the first unfinished segment when it is asked for again. */
export async function findEvents(input: EventsInput, { service, client }: AgentParts, call: Call): Promise<ToolOutput> {
  const { question, text, segmentSeconds, scenes, precision, frames } = input
  const path = await call.fileOf(input.path)
  const asked = askedSettings(input)
  const { manifest } = await service.fileEvents.settingsOf(asked)
  const resolved = await service.fileEvents.resolve({
    ...asked,
    ...(await service.fileEvents.framesOf(frames, asked)),
    ...(question !== undefined && { question }),
    ...(text !== undefined && { text }),
    ...(segmentSeconds !== undefined && { segmentSeconds }),
    ...(scenes !== undefined && { scenes }),
    ...(precision !== undefined && { precision }),
  })
  const searched = { path, file: input.path, resumable: true }
  const search = service.fileEvents.find(searched, resolved, { client, kind: 'api' }, call.signal)
  for (;;) {
    const next = await search.next()
    if (!next.done) {
      call.progress.event(next.value)
      continue
    }
    const { events, finish } = next.value
    await finish()
    return { result: { ...events, notices: [...modelNotices(resolved.model, manifest), ...events.notices] } }
  }
}

/** Tells how much a clip supports a text. */
export async function checkCaption(input: CheckInput, { service, client }: AgentParts, call: Call): Promise<ToolOutput> {
  const { text, question } = input
  const path = await call.fileOf(input.path)
  const asked = askedSettings(input)
  const { settings, manifest } = await service.fileEvents.settingsOf(asked)
  const notices = modelNotices(settings.model, manifest)
  const withFrames = { ...asked, frames: askedFrames(input, settings.frames) }
  for await (const event of service.fileEvents.check({ path, text, question }, withFrames, { client, kind: 'api' }, call.signal)) {
    call.progress.event(event)
    if (event.kind === 'notice') notices.push(event.text)
    if (event.kind !== 'checked') continue
    const result: CheckOutput = { ...supportReport(input.path, event.timed), model: settings.model, notices }
    return { result }
  }
  throw new TarsierError('internal', 'The engine returned no support. Please report it.')
}
