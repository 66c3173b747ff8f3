import { readFile, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ModelInfo } from '../engine/engine-client.ts'
import { startEngineHost } from '../engine/host/host-client.ts'
import { MediaClient } from '../engine/host/media-client.ts'
import { type JobEvent, runJob } from '../jobs/driver.ts'
import { formatEvents } from '../jobs/event-formats/format-events.ts'
import { type ClipEventsOptions, type ClipEventsProgress, clipEvents } from '../jobs/events/clip-events.ts'
import { SegmentJournal } from '../jobs/events/segment-journal.ts'
import { expandPatterns } from '../jobs/expand-patterns.ts'
import { type FoundClip, findClips } from '../jobs/find-clips.ts'
import { SidecarNames } from '../jobs/sidecar-names.ts'
import { refuseExisting, sidecarSink } from '../jobs/sinks/sidecar.ts'
import { exists } from '../platform/disk.ts'
import { readFailure } from '../platform/file-failure.ts'
import type { ClipEvents } from '../shared/clip-events.ts'
import { assertNever, asTarsierError, TarsierError } from '../shared/errors.ts'
import { type EventFormat, eventFormatInfo, eventFormats } from '../shared/event-formats.ts'
import { eventOptions } from '../shared/options.ts'
import { printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { optionFrom } from './option-from.ts'
import { type AnswerOptions, answerOptions, type ClipOptions, frameOptions, modelOptions, promptOption } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { engineOptions, homeOf, samplingOf } from './requests.ts'

interface EventsOptions extends ClipOptions, AnswerOptions {
  readonly prompt?: string
  readonly text?: string
  readonly segment: number
  readonly scenes: boolean
  readonly precision: number
  readonly format: EventFormat
  readonly out?: string
  readonly sidecar?: boolean
  readonly skipExisting?: boolean
  readonly overwrite?: boolean
}

/** A clip as the user gave it, with the file for its events; null for stdout. */
interface Clip extends FoundClip {
  readonly target: string | null
}

export function addEvents(program: Command, run: RunCommand): void {
  const command = program
    .command('events')
    .summary('find out what happens when')
    .description(
      'Describes each clip and finds out when its events happen, for captions, chapters and editors.\n' +
        'Long clips are divided into segments at shot changes. A run that was interrupted continues with the first unfinished segment.',
    )
    .argument('<path...>', 'files or folders')
  for (const option of [
    ...modelOptions(),
    ...frameOptions().filter(({ long }) => long !== '--start' && long !== '--end' && long !== '--at'),
  ])
    command.addOption(option)
  for (const option of [promptOption(), ...answerOptions()]) command.addOption(option)
  command
    .optionsGroup('Events:')
    .addOption(new Option('--text <file>', 'find the times of the events in this text instead of describing the clip').conflicts('prompt'))
    .addOption(optionFrom(eventOptions.segmentSeconds, '--segment <seconds>', { default: 16 }))
    .addOption(new Option('--no-scenes', 'divide clips into segments of equal length instead of at shot changes'))
    .addOption(optionFrom(eventOptions.precision, '--precision <seconds>', { default: 0.25 }))
    .optionsGroup('Output:')
    .addOption(new Option('--format <name>', formatHelp()).choices(eventFormats).default('json'))
    .addOption(
      new Option(
        '-o, --out <path>',
        'file for the events of one clip, or existing folder for those of several (default: stdout)',
      ).argParser((text) => {
        if (text === '') throw new InvalidArgumentError('It must be a file or a folder.')
        return text
      }),
    )
    .addOption(new Option('--sidecar', 'write the events next to each clip: clip.mp4 gives clip.srt').conflicts('out'))
    .option('--skip-existing', 'skip clips whose file exists')
    .addOption(new Option('--overwrite', 'overwrite existing files (default: report an error)').conflicts('skipExisting'))
    .addHelpText(
      'after',
      `
Exit status: 0 all done; 1 a file failed; 2 invalid usage; 130 stopped by Ctrl-C.

Examples:
  tarsier events clip.mp4
  tarsier events film.mp4 --format chapters -o chapters.txt
  tarsier events footage/ --format srt --sidecar --skip-existing
  tarsier events clip.mp4 --text script.txt --format vtt`,
    )
    .action((paths: string[], options: EventsOptions) => run((signal) => findEvents(paths, options, signal)))
}

function formatHelp(): string {
  return `format of the events: ${eventFormats.map((name) => `${name} for ${eventFormatInfo[name].title}`).join('; ')}`
}

async function findEvents(paths: readonly string[], options: EventsOptions, signal: AbortSignal): Promise<ExitCode> {
  const text = options.text === undefined ? undefined : await readText(options.text)
  const clips = await planClips(paths, options, signal)
  const progress = new ProgressLine(process.stderr)
  await using engine = startEngineHost(engineOptions(options))
  await using media = new MediaClient()
  let model: ModelInfo | null = null
  if (clips.some(({ error }) => !error)) {
    progress.begin('loading the model')
    model = await engine.load(signal)
    if (model.summary) progress.note(`${model.name}: ${model.summary}`)
  }
  const journal = new SegmentJournal(homeOf(options))
  const work = async ({ file, error }: Clip, report: (event: ClipEventsProgress) => void, abort: AbortSignal): Promise<ClipEvents> => {
    if (error || !model) throw error
    const tools = { media, engine, model: model.name, journal }
    return await clipEvents(file, resolve(file), tools, requestOf(options, model.defaults, text), report, abort)
  }
  const files = sidecarSink<Clip, ClipEvents>({
    pathOf: ({ target }) => target,
    textOf: (events) => formatEvents(events, options.format).trimEnd(),
    overwrite: options.overwrite === true,
  })
  let anyFailed = false
  let stoppedBy: TarsierError | null = null
  const onEvent = (event: JobEvent<Clip, ClipEvents, ClipEventsProgress>) => {
    const { file, target } = event.clip
    switch (event.kind) {
      case 'started':
        progress.begin(file)
        return
      case 'progress':
        show(file, event.progress, progress)
        return
      case 'done':
        progress.clear()
        for (const notice of event.result.notices) process.stderr.write(`tarsier: ${oneLine(file)}: ${oneLine(notice)}\n`)
        if (target === null) anyFailed = !printEvents(file, event.result, options.format, clips.length > 1) || anyFailed
        return
      case 'failed':
        progress.clear()
        anyFailed = true
        printError(event.error, file)
        return
      case 'stopped':
        progress.clear()
        stoppedBy = event.error
        if (event.error) printError(event.error, file)
        return
      case 'skipped':
        return // these are excluded before the model is loaded
      default:
        assertNever(event, 'event')
    }
  }
  try {
    await runJob({ source: clips, workers: [work], sinks: [files] }, onEvent, signal)
  } catch (error) {
    if (error !== stoppedBy) throw error // otherwise it was reported with its clip
    anyFailed = true
  }
  return anyFailed ? exitCodes.failed : exitCodes.done
}

/** Prints events to stdout, JSON of several clips as a line each. Returns whether the format can represent them. */
function printEvents(file: string, events: ClipEvents, format: EventFormat, several: boolean): boolean {
  try {
    const text = several && format === 'json' ? JSON.stringify(events) : formatEvents(events, format).trimEnd()
    process.stdout.write(`${text}\n`)
    return true
  } catch (error) {
    printError(error, file)
    return false
  }
}

function show(file: string, event: ClipEventsProgress, progress: ProgressLine): void {
  if (event.kind === 'shots')
    progress.detail(`${file}: finding shots, ${Math.round((100 * event.seconds) / Math.max(1, event.duration))} %`)
  else if (event.kind === 'segment') progress.detail(`${file}: segment ${event.done} of ${event.of} done`)
  else if (event.kind === 'scored') progress.detail(`${file}: finding times, frame ${event.done} of ${event.of}`)
  else progress.event(event)
}

function requestOf(options: EventsOptions, defaults: ModelInfo['defaults'], text: string | undefined): ClipEventsOptions {
  const frames = { kind: options.sampler ?? defaults.frames.kind, count: options.frames ?? defaults.frames.count }
  return {
    clip: { frames, maxPixels: options.maxPixels, fit: true },
    prompt: options.prompt,
    sampling: samplingOf(options, defaults),
    text,
    segmentSeconds: options.segment,
    scenes: options.scenes,
    precision: options.precision,
  }
}

/** Determines, before the model is loaded, which clips are done already or unusable, and where the events of each are written. */
async function planClips(paths: readonly string[], options: EventsOptions, signal: AbortSignal): Promise<Clip[]> {
  const found = await findClips(await expandPatterns(paths), signal)
  const { out, sidecar, format } = options
  if (found.length > 1 && out === undefined && !sidecar && format !== 'json')
    throw new TarsierError('usage', `The ${format} files of several clips cannot be printed together. Add --sidecar, or -o with a folder.`)
  const targets = await targetsOf(found, options)
  const clips: Clip[] = []
  for (const clip of found) {
    try {
      const target = clip.error ? null : await targets(clip.file)
      if (target === null || options.overwrite || !(await exists(target))) clips.push({ ...clip, target })
      else if (!options.skipExisting) throw refuseExisting(target)
    } catch (error) {
      clips.push({ ...clip, error: asTarsierError(error), target: null })
    }
  }
  return clips
}

async function targetsOf(
  clips: readonly FoundClip[],
  { out, sidecar, format }: EventsOptions,
): Promise<(file: string) => Promise<string | null>> {
  const { extension } = eventFormatInfo[format]
  if (sidecar) {
    const names = new SidecarNames(
      extension,
      clips.flatMap(({ file, error }) => (error ? [] : [file])),
    )
    return (file) => names.of(file)
  }
  if (out === undefined) return async () => null
  const isFolder = (await stat(out).catch(() => null))?.isDirectory() === true // otherwise a file, which may not exist yet
  if (!isFolder && clips.length === 1) return async () => out
  const taken = new Set<string>()
  return async (file) => {
    const name = basename(file, extname(file))
    let path = join(out, `${name}.${extension}`)
    for (let copy = 2; taken.has(path); copy += 1) path = join(out, `${name}-${copy}.${extension}`)
    taken.add(path)
    return path
  }
}

/** Reads a text that the user gives. Throws `file-missing` and `file-unreadable`. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw readFailure(path, error)
  }
}
