import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { EngineClient, ModelInfo } from '../engine/engine-client.ts'
import { startEngineHost } from '../engine/host/host-client.ts'
import { MediaClient } from '../engine/host/media-client.ts'
import type { MediaInfo } from '../engine/media/types.ts'
import type { CutProgress } from '../jobs/cut/cut-clip.ts'
import { type JobEvent, runJob, type Sink } from '../jobs/driver.ts'
import { formatEvents } from '../jobs/event-formats/format-events.ts'
import { leftOutNotice } from '../jobs/event-formats/timed-events.ts'
import { type ClipEventsOptions, type ClipEventsProgress, clipEvents, type FoundEvents } from '../jobs/events/clip-events.ts'
import { eventsCost } from '../jobs/events/events-cost.ts'
import { SegmentJournal } from '../jobs/events/segment-journal.ts'
import { sidecarSink } from '../jobs/sinks/sidecar.ts'
import { readFailure, writeFailure } from '../platform/file-failure.ts'
import type { ClipEvents } from '../shared/clip-events.ts'
import { assertNever, TarsierError } from '../shared/errors.ts'
import { type EventFormat, eventFormatInfo, eventFormats } from '../shared/event-formats.ts'
import { eventDefaults, eventFrames, eventOptions } from '../shared/options.ts'
import { printError } from './errors.ts'
import { type CutFlags, Cutter, cutFlags } from './events-cut.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { optionFrom } from './option-from.ts'
import { type AnswerOptions, answerOptions, type ClipOptions, frameOptions, modelOptions, promptOption, systemOption } from './options.ts'
import { type PlannedClip, planClips, type Targets } from './plan-clips.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { engineOptions, homeOf, samplingOf } from './requests.ts'
import { durationText } from './transfer-text.ts'

/** Clips and runs that take longer are announced with their cost. */
const LONG_SECONDS = 60

interface EventsOptions extends ClipOptions, AnswerOptions, CutFlags {
  readonly prompt?: string
  readonly system?: string
  readonly text?: string
  readonly from?: string
  readonly segment: number
  readonly scenes: boolean
  readonly summary: boolean
  readonly precision: number
  readonly format: EventFormat
  readonly out?: string
  readonly sidecar?: boolean
}

type Progress = ClipEventsProgress | CutProgress
type ShownProgress = Exclude<Progress, { kind: 'piece-failed' }>

export function addEvents(program: Command, run: RunCommand): void {
  const command = program
    .command('events')
    .summary('find out what happens when')
    .description(
      'Describes each clip and finds out when its events happen, for captions, chapters and editors.\n' +
        'Long clips are divided into segments at shot changes. Each is described from at least ' +
        `${eventDefaults.frames} frames by default. A run that was interrupted continues with the first unfinished segment.`,
    )
    .argument('[path...]', 'files or folders')
  for (const option of [
    ...modelOptions(),
    ...frameOptions().filter(({ long }) => long !== '--start' && long !== '--end' && long !== '--at'),
  ])
    command.addOption(option)
  for (const option of [promptOption(), systemOption(), ...answerOptions()]) command.addOption(option)
  command
    .optionsGroup('Events:')
    .addOption(new Option('--text <file>', 'find the times of the events in this text instead of describing the clip').conflicts('prompt'))
    .addOption(optionFrom(eventOptions.segmentSeconds, '--segment <seconds>', { default: eventDefaults.segmentSeconds }))
    .addOption(new Option('--from <list>', 'also find the events of the files and folders in a list, a text file with one path per line'))
    .addOption(new Option('--no-scenes', 'divide clips into segments of equal length instead of at shot changes'))
    .addOption(
      new Option(
        '--no-summary',
        'take the segments and their descriptions as chapters and summary, even if the model can write them (the demo model cannot)',
      ),
    )
    .addOption(optionFrom(eventOptions.precision, '--precision <seconds>', { default: eventDefaults.precision }))
  for (const option of cutFlags()) command.addOption(option)
  command
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
    .option('--skip-existing', 'skip clips and pieces whose file exists')
    .addOption(new Option('--overwrite', 'overwrite existing files (default: report an error)').conflicts('skipExisting'))
    .addHelpText(
      'after',
      `
Exit status: 0 all done; 1 a file failed; 2 invalid usage; 130 stopped by Ctrl-C.

Examples:
  tarsier events clip.mp4
  tarsier events film.mp4 --format chapters -o chapters.txt
  tarsier events footage/ --format srt --sidecar --skip-existing
  tarsier events --from films.txt --format edl -o markers/
  tarsier events clip.mp4 --text script.txt --format vtt
  tarsier events footage/ --cut pieces --by event --pad 0.5`,
    )
    .action((paths: string[], options: EventsOptions) => {
      if (paths.length === 0 && options.from === undefined) command.error("error: missing required argument 'path' (or '--from LIST')")
      return run(async (signal) => {
        const listed = options.from === undefined ? [] : (await readText(options.from)).split(/\r?\n/).filter((line) => line.trim() !== '')
        if (options.from !== undefined && listed.length === 0)
          throw new TarsierError('nothing-found', `${options.from} contains no paths. Write one on each line.`)
        return await findEvents([...paths, ...listed.map((line) => line.trim())], options, signal)
      })
    })
}

function formatHelp(): string {
  return `format of the events: ${eventFormats.map((name) => `${name} for ${eventFormatInfo[name].title}`).join('; ')}`
}

async function findEvents(paths: readonly string[], options: EventsOptions, signal: AbortSignal): Promise<ExitCode> {
  const text = options.text === undefined ? undefined : (await readText(options.text)).trim()
  if (text === '') throw new TarsierError('usage', 'The text is empty. Give a text with at least one word.')
  const clips = await planClips(paths, targetsOf(options), options, signal)
  const progress = new ProgressLine(process.stderr)
  await using engine = startEngineHost(engineOptions(options))
  await using media = new MediaClient()
  await using cutter = await Cutter.open(
    options,
    clips.map(({ file }) => file),
    media,
  )
  let model: ModelInfo | null = null
  if (clips.some(({ error }) => !error)) {
    progress.begin('loading the model')
    model = await engine.load(signal)
    if (model.summary) progress.note(`${model.name}: ${model.summary}`)
  }
  const journal = new SegmentJournal(homeOf(options))
  const work = async ({ file, error }: PlannedClip, report: (event: Progress) => void, abort: AbortSignal): Promise<FoundEvents> => {
    if (error || !model) throw error
    cutter?.refuseExisting(file)
    const path = resolve(file)
    const request = requestOf(options, model.defaults, text)
    const cost = await costText(await media.probe(path, abort), path, options, request, engine, abort)
    if (cost !== '') {
      progress.clear()
      process.stderr.write(`tarsier: ${oneLine(file)}: ${cost}\n`)
    }
    const tools = { media, engine, model: model.name, weights: model.weights, textContext: model.textTasks ? model.context : null, journal }
    const found = await clipEvents(file, path, tools, request, report, abort)
    const uncut = (await cutter?.cut(found.events, report, abort)) ?? 0
    // With the stored segments, another run cuts the missing pieces without describing the clip again.
    return uncut === 0 ? found : { ...found, finish: async () => {} }
  }
  const files = sidecarSink<PlannedClip, FoundEvents>({
    pathOf: ({ target }) => target,
    textOf: ({ events }) => fileText(events, options.format),
    overwrite: options.overwrite === true,
  })
  const asLines = clips.length > 1 && options.format === 'json'
  const output: Sink<PlannedClip, FoundEvents> = {
    onFailure: 'fails-clip',
    async write(outcome) {
      if (outcome.kind !== 'done') return
      const { clip, result } = outcome
      if (clip.target === null) {
        progress.clear()
        const printed = await print(`${asLines ? JSON.stringify(result.events) : fileText(result.events, options.format)}\n`)
        if (!printed) return
      }
      await result.finish()
    },
  }
  let anyFailed = false
  let stoppedBy: TarsierError | null = null
  let showProgress = progressOf('', progress)
  const onEvent = (event: JobEvent<PlannedClip, FoundEvents, Progress>) => {
    const { file } = event.clip
    switch (event.kind) {
      case 'started':
        progress.begin(file)
        showProgress = progressOf(file, progress)
        return
      case 'progress':
        if (event.progress.kind === 'piece-failed') {
          progress.clear()
          anyFailed = true
          printError(event.progress.error, event.progress.path)
        } else showProgress(event.progress)
        return
      case 'done':
        progress.clear()
        for (const notice of noticesOf(event.result.events, options.format))
          process.stderr.write(`tarsier: ${oneLine(file)}: ${oneLine(notice)}\n`)
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
    await runJob(
      { source: clips, workers: [work], sinks: [files, output], stops: (error) => cutter?.isLost(error) === true },
      onEvent,
      signal,
    )
  } catch (error) {
    if (error !== stoppedBy) throw error // otherwise it was reported with its clip
    anyFailed = true
  }
  if (cutter) {
    progress.begin('drawing the contact sheet')
    await cutter.writeSheets(signal)
    progress.clear()
  }
  return anyFailed ? exitCodes.failed : exitCodes.done
}

function noticesOf(events: ClipEvents, format: EventFormat): string[] {
  const leftOut = leftOutNotice(events, format)
  return leftOut === null ? [...events.notices] : [...events.notices, leftOut]
}

/** Text of a file of events. Other programs open the clip from wherever the file is, so they get its whole path. */
function fileText(events: ClipEvents, format: EventFormat): string {
  return formatEvents(format === 'json' ? events : { ...events, file: resolve(events.file) }, format).trimEnd()
}

/** Returns whether the text was written; not if the reader of stdout has closed it. */
function print(text: string): Promise<boolean> {
  return new Promise((done, fail) => {
    process.stdout.write(text, (error) => {
      if (!error) done(true)
      else if ('code' in error && error.code === 'EPIPE') done(false)
      else fail(writeFailure('The events could not be written to stdout', error))
    })
  })
}

/** Shows the progress of one clip. */
function progressOf(file: string, progress: ProgressLine): (event: ShownProgress) => void {
  let place = file
  return (event) => {
    switch (event.kind) {
      case 'shots':
        progress.detail(`${file}: finding shots, ${Math.round((100 * event.seconds) / Math.max(1, event.duration))} %`)
        return
      case 'segment': {
        const { done, of, secondsLeft } = event
        const left = secondsLeft === null || of === 1 ? '' : `, ${durationText(secondsLeft)} left`
        place = `${file}: segment ${Math.min(done + 1, of)} of ${of}${left}`
        progress.detail(place)
        return
      }
      case 'summary':
        progress.detail(`${file}: writing the summary, ${event.done} of ${event.of} parts`)
        return
      case 'scored':
        progress.detail(`${place}: finding times, frame ${event.done} of ${event.of}`)
        return
      case 'piece':
        progress.detail(`${file}: cutting, piece ${Math.min(event.done + 1, event.of)} of ${event.of}`)
        return
      case 'piece-notice':
        progress.clear()
        process.stderr.write(`tarsier: ${oneLine(file)}: ${oneLine(event.text)}\n`)
        return
      case 'stage':
        progress.detail(place)
        progress.event(event)
        return
      default:
        progress.event(event)
    }
  }
}

/** Cost of a clip that takes long, before it is described; an empty text for others. */
async function costText(
  info: MediaInfo,
  path: string,
  options: EventsOptions,
  request: ClipEventsOptions,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<string> {
  if (info.duration < LONG_SECONDS) return ''
  const { clip, prompt, system, sampling } = request
  const { model, device } = options
  const searching = { home: homeOf(options), model, device }
  let cost = await eventsCost(searching, info, request)
  if (cost.seconds === null) {
    // Measures the model's speed with a short run if it is not known yet.
    await engine.estimate({ clip: { ...clip, path }, text: prompt, system, maxTokens: sampling.maxTokens, measure: true }, signal)
    cost = await eventsCost(searching, info, request)
  }
  const { segments, seconds } = cost
  if (seconds !== null && seconds < LONG_SECONDS) return ''
  const count = segments === 1 ? '1 segment' : `at least ${segments} segments`
  const time = seconds === null ? 'time not known before the first segment is done' : `about ${durationText(seconds)}`
  return `${count}, ${time}`
}

function requestOf(options: EventsOptions, defaults: ModelInfo['defaults'], text: string | undefined): ClipEventsOptions {
  const frames = {
    kind: options.sampler ?? defaults.frames.kind,
    count: options.frames ?? eventFrames(defaults.frames.count),
  }
  return {
    clip: { frames, maxPixels: options.maxPixels, fit: true },
    prompt: options.prompt,
    system: options.system,
    sampling: samplingOf(options, defaults),
    text,
    segmentSeconds: options.segment,
    scenes: options.scenes,
    summary: options.summary,
    precision: options.precision,
    format: options.format,
  }
}

/** Where the events of clips are written. Throws `usage` if files of several clips would be printed together. */
function targetsOf({ out, sidecar, format }: EventsOptions): (clips: number) => Targets {
  const { extension } = eventFormatInfo[format]
  return (clips) => {
    if (sidecar) return { kind: 'sidecar', extension }
    if (out !== undefined) return { kind: 'path', path: out, extension }
    if (clips > 1 && format !== 'json')
      throw new TarsierError(
        'usage',
        `The ${format} files of several clips cannot be printed together. Add --sidecar, or -o with a folder.`,
      )
    return { kind: 'none' }
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
