import { type Command, Option } from 'commander'
import { type AnswerPrefixForm, answerPrefixForms } from '../bench/run/answer-prefix-form.ts'
import { selectSamples } from '../bench/run/samples.ts'
import { hasPictureExtension } from '../engine/media/media-names.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../engine/models/registry.ts'
import { expectFields, noRewriter, textModelOf } from '../engine/rewriting/rewriter.ts'
import { textModelHash } from '../engine/rewriting/text-models.ts'
import { appVersion } from '../service/version.ts'
import { type QueueTask, queueTasks } from '../shared/contract/queue.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import { TarsierError } from '../shared/errors.ts'
import type { SamplerName } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { eventDefaults, eventOptions, options } from '../shared/options.ts'
import { type CaptionShape, isRewriting } from '../shared/shaping/caption-shape.ts'
import { brokenLineError, printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { optionFrom } from './option-from.ts'
import { type AnswerOptions, answerOptions, homeOption, parseName, promptOption, systemOption } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { queueOption, tagOption } from './queue-options.ts'
import { homeOf } from './requests.ts'
import { parseCount } from './run-text.ts'
import { type SentModel, sendOption, servedModel } from './send-option.ts'
import { checkServerOptions, picturesOf, picturesOption } from './server-options.ts'
import { type ShapeOptions, shapeFrom, shapeOptions } from './shape-option.ts'

interface SubmitOptions extends AnswerOptions, ShapeOptions {
  readonly queue?: string
  readonly name: string
  readonly task: QueueTask
  readonly tag?: string
  readonly annotations?: string
  readonly limit?: number
  readonly engine: 'tarsier' | 'openai'
  readonly model: string
  readonly home?: string
  readonly send?: SentModel['send']
  readonly pictures?: 'png' | 'jpeg'
  readonly begun: AnswerPrefixForm
  readonly frames?: number
  readonly sampler?: SamplerName
  readonly maxPixels?: number
  readonly prompt?: string
  readonly system?: string
  readonly segment: number
  readonly scenes: boolean
  readonly summary: boolean
  readonly precision: number
}

export function addJobsSubmit(jobs: Command, run: RunCommand): void {
  const command = jobs
    .command('submit')
    .summary('add clips to a job')
    .description(
      'Adds clips to a job, which is created if it does not exist. Submitted again, it adds only what is new. Workers need to be able to read the\n' +
        'clips at the same paths, or at relative paths below their --videos folder.',
    )
    .argument(
      '[source...]',
      'files, folders, http(s) addresses, or lists of clips (.txt, .jsonl); with --task bench names of data sets and groups',
    )
    .addOption(queueOption())
    .addOption(new Option('--name <name>', 'name of the job').argParser(parseName).makeOptionMandatory())
    .addOption(
      new Option(
        '--task <task>',
        '"describe" and "events" as the commands of these names; "check" for lists with {"video","text"} on each line; "bench" as "bench run"',
      )
        .choices(queueTasks)
        .default('describe'),
    )
    .addOption(tagOption())
  command
    .optionsGroup('Samples (with --task bench):')
    .addOption(new Option('--annotations <path>', 'annotations of version 1 or 2: a .jsonl file, or a folder of them').argParser(parseName))
    .addOption(new Option('--limit <n>', 'only the first n samples of each data set').argParser((text) => parseCount(text, 1e9)))
  command
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--engine <name>',
        '"tarsier" for a model on the workers\' machines; "openai" for a model on OpenAI-compatible servers, whose addresses are given to the workers',
      )
        .choices(['tarsier', 'openai'])
        .default('tarsier'),
    )
    .addOption(
      new Option(
        '-m, --model <name>',
        'name of a model or path of a model folder; workers find theirs by the hashes of its files. With --engine openai also the name of any model on the servers',
      )
        .argParser(parseName)
        .default(DEMO_MODEL),
    )
    .addOption(sendOption())
    .addOption(picturesOption())
    .addOption(new Option('--begun <form>', 'with --engine openai, as in "bench run"').choices(answerPrefixForms).default('continue'))
    .addOption(homeOption())
  command
    .optionsGroup('Frames:')
    .addOption(optionFrom(options.frames, '-n, --frames <n>'))
    .addOption(optionFrom(options.sampler, '--sampler <name>'))
    .addOption(optionFrom(options.maxPixels, '--max-pixels <n>'))
  for (const option of [promptOption(), systemOption(), ...answerOptions(), ...shapeOptions()]) command.addOption(option)
  command
    .optionsGroup('Events (with --task events):')
    .addOption(optionFrom(eventOptions.segmentSeconds, '--segment <seconds>', { default: eventDefaults.segmentSeconds }))
    .addOption(new Option('--no-scenes', 'divide clips into segments of equal length instead of at shot changes'))
    .addOption(new Option('--no-summary', 'take the segments and their descriptions as chapters and summary'))
    .addOption(optionFrom(eventOptions.precision, '--precision <seconds>', { default: eventDefaults.precision }))
    .addHelpText(
      'after',
      `
Exit status: 0 all added; 1 a line or file cannot be used; 2 invalid usage; 69 the database cannot be reached; 77 it refuses access;
130 stopped by Ctrl-C.

Examples:
  export TARSIER_QUEUE=postgres://tarsier@db/tarsier
  tarsier jobs submit clips.txt --name captions --model tarsier2
  tarsier jobs submit holiday/ --name holiday --task events
  tarsier jobs submit dream tvbench --name bench --task bench --annotations annotations/`,
    )
    .action((sources: string[], given: SubmitOptions) => {
      checkServerOptions(command, given)
      return run((signal) => submit(sources, given, signal))
    })
}

async function submit(sources: readonly string[], given: SubmitOptions, signal: AbortSignal): Promise<ExitCode> {
  if (sources.length === 0 && given.task !== 'bench')
    throw new TarsierError('usage', 'Nothing is given to submit. Give files, folders or a list.')
  const shape = await shapeFrom(given)
  if (shape && given.task !== 'describe') throw new TarsierError('usage', 'Only descriptions have a shape. Remove --shape, or --task.')
  if (isRewriting(shape)) {
    if (given.engine === 'openai') await noRewriter.expectUsable(shape)
    expectFields(shape)
  }
  const { openQueue, queueUrl } = await import('../queue/open-queue.ts')
  const { openJob } = await import('../queue/job-store.ts')
  const { submitUnits } = await import('../queue/submit-units.ts')
  const progress = new ProgressLine(process.stderr)
  let unusable = 0
  const report = (error: unknown, subject?: string) => {
    unusable += 1
    progress.clear()
    printError(error, subject)
  }
  try {
    if (isRewriting(shape)) progress.begin('reading the text model')
    const { manifest, ...job } = await requestOf(given, shape, signal)
    await using database = await openQueue(queueUrl(given.queue), signal)
    const { name, tag = null } = given
    const stored = await openJob({ name, tag, program: appVersion(), ...job }, database, signal)
    progress.begin(`submitting to ${oneLine(name)}`)
    const units =
      given.task === 'bench'
        ? samplesOf(sources, given, report, signal)
        : clipsOf(sources, { task: given.task, prompt: given.prompt ?? shape?.prompt }, manifest, report, signal)
    const { added, known } = await submitUnits(
      stored,
      await units,
      database,
      (state) => progress.detail(`submitting to ${oneLine(name)}: ${state.added} new, ${state.known} known`),
      signal,
    )
    progress.clear()
    process.stdout.write(`${oneLine(name)}: ${added} added${known > 0 ? `, ${known} were there` : ''}\n`)
    if (added + known === 0 && unusable === 0) throw new TarsierError('nothing-found', 'The sources contain no clips. Give others.')
    return unusable > 0 ? exitCodes.failed : exitCodes.done
  } finally {
    progress.clear()
  }
}

/** The job with the manifest of its model; null for a model that only servers have. Throws `rewriter-missing` without the text model of the shape. */
async function requestOf(given: SubmitOptions, shape: CaptionShape | null, signal: AbortSignal) {
  const { localJob, namedModelJob, serversJob } = await import('../queue/new-job.ts')
  const { task, frames, sampler, maxPixels, prompt, system, maxTokens, temperature, topP, topK, repeatPenalty, seed, stop } = given
  const { segment, scenes, summary, precision } = given
  const choices = {
    task,
    frames,
    sampler,
    maxPixels,
    prompt: prompt ?? shape?.prompt,
    system,
    shape,
    sampling: { maxTokens, temperature, topP, topK, repeatPenalty, seed, stop },
    events: { segment, scenes, summary, precision },
  }
  if (given.engine === 'tarsier') {
    const home = homeOf(given)
    const manifest = await readManifest(await resolveModel(given.model, home))
    const path = isRewriting(shape) ? await textModelOf(shape, { home }) : undefined
    const textModel = path === undefined ? null : await textModelHash(path, signal)
    return { manifest, ...localJob(manifest, { ...choices, textModel }) }
  }
  const served = await servedModel(given)
  if (served.kind === 'named') return { manifest: null, ...(await namedModelJob(served, choices)) }
  return { manifest: served.manifest, ...serversJob(served.manifest, picturesOf(given.pictures), choices) }
}

async function clipsOf(
  sources: readonly string[],
  { task, prompt }: { readonly task: QueueTask; readonly prompt: string | undefined },
  manifest: ModelManifest | null,
  report: (error: unknown, subject?: string) => void,
  signal: AbortSignal,
) {
  const { unitsOf } = await import('../queue/job-units.ts')
  if (task === 'bench') throw new TarsierError('internal', 'Samples are read elsewhere. Please report it.')
  return unitsOf(
    sources,
    {
      task,
      prompt: prompt ?? null,
      fallback(path) {
        if (manifest) return descriptionPrompt(manifest.prompt, hasPictureExtension(path) ? 'image' : 'video')
        throw new TarsierError('usage', 'Give the question with --prompt: a model on a server has none of its own.')
      },
      onUnusable: (line) => (line.kind === 'broken' ? report(brokenLineError(line)) : report(line.error, line.path)),
    },
    signal,
  )
}

async function* samplesOf(
  names: readonly string[],
  { annotations, limit, engine }: SubmitOptions,
  report: (error: unknown) => void,
  signal: AbortSignal,
) {
  const selected = await selectSamples({ names, annotations: annotations ?? null, limit }, signal)
  if (engine === 'openai' && selected.sets.some(({ dataSet }) => dataSet.metric === 'check'))
    throw new TarsierError('usage', 'Servers do not tell how likely a given text is. Submit moving-shapes-check for a local model.')
  for (const line of selected.broken) report(brokenLineError(line))
  for (const { samples } of selected.sets) for (const sample of samples) yield { kind: 'sample', sample } as const
}
