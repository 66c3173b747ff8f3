import { InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { DEMO_MODEL } from '../engine/models/registry.ts'
import { type DeviceChoice, deviceChoiceSchema, deviceChoices } from '../shared/devices.ts'
import { frameRequestSchema, MAX_FRAMES, type SamplerName, samplerNames } from '../shared/frame-request.ts'
import { samplingSchema } from '../shared/sampling.ts'

/** What `describe`, `chat` and `trace` share, as commander gives it; what was not said is absent and the model's own choice. */
export interface ClipOptions {
  readonly model: string
  readonly device: DeviceChoice
  readonly untested?: boolean
  readonly home?: string
  readonly cache: boolean
  readonly frames?: number
  readonly sampler?: SamplerName
  readonly start?: number
  readonly end?: number
  readonly at?: number[]
  readonly maxPixels?: number
}

export interface WordOptions {
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly repeatPenalty?: number
  readonly seed?: number
  readonly stop?: string[]
}

/** Only plain decimal notation: no hexadecimal, no empty string that would count as 0. */
function toNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN
}

function checked<T>(schema: z.ZodType<T>, allowed: string, read: (text: string) => unknown): (text: string) => T {
  return (text) => {
    const result = schema.safeParse(read(text))
    if (!result.success) throw new InvalidArgumentError(`It must be ${allowed}.`)
    return result.data
  }
}

const seconds = z.number().min(0).max(1e9)
const words = samplingSchema.shape
const [uniform, , , times] = frameRequestSchema.options

export const parseFrames = checked(uniform.shape.count, `a whole number from 1 to ${MAX_FRAMES}`, toNumber)
export const parseSeconds = checked(seconds, 'a number of seconds, 0 or more', toNumber)
export const parseTimes = checked(times.shape.times, `1 to ${MAX_FRAMES} numbers of seconds, 0 or more, with commas between them`, (text) =>
  text.split(',').map(toNumber),
)
export const parseMaxPixels = checked(z.int().min(1).max(1e9), 'a whole number of pixels, 1 or more', toNumber)
export const parseMaxTokens = checked(words.maxTokens.unwrap(), 'a whole number from 1 to 32768', toNumber)
export const parseTemperature = checked(words.temperature.unwrap(), 'a number from 0 to 2', toNumber)
export const parseTopP = checked(words.topP.unwrap(), 'a number above 0 and up to 1', toNumber)
export const parseTopK = checked(words.topK.unwrap(), 'a whole number, 0 or more', toNumber)
export const parseRepeatPenalty = checked(words.repeatPenalty.unwrap(), 'a number from 1 to 2', toNumber)
export const parseSeed = checked(words.seed.unwrap(), 'a whole number from 0 to 4294967294', toNumber)
const parseDevice = checked(
  deviceChoiceSchema,
  `${deviceChoices.join(', ')}, or as in "vulkan:RTX" and "vision=cpu,language=vulkan"`,
  (text) => text,
)
export const parseText = checked(z.string().trim().min(1).max(100_000), 'some text', (text) => text)
export const parseName = checked(z.string().min(1), 'a name or a folder', (text) => text)

const MAX_STOPS = 16
function parseStop(text: string, previous: string[] | undefined): string[] {
  const stops = [...(previous ?? []), text]
  if (text === '' || stops.length > MAX_STOPS)
    throw new InvalidArgumentError(`It must be some text, and at most ${MAX_STOPS} of them may be given.`)
  return stops
}

export function homeOption(): Option {
  return new Option(
    '--home <dir>',
    "folder for models and caches (default: TARSIER_HOME, else the platform's own application folder)",
  ).argParser(parseName)
}

/** Both parts of a model on one device, or each on its own; see `partDevices`. */
export function deviceOption(): Option {
  const names = deviceChoices.join(', ')
  return new Option(
    '--device <name>',
    `where to compute: ${names}; "auto" takes the first that works, any other must work or the run fails. ` +
      '"vulkan:RTX" (also cuda, metal) takes the GPUs whose name contains RTX for the language model; ' +
      '"vision=webgpu,language=vulkan" chooses for each part; "tarsier doctor" shows what there is',
  )
    .argParser(parseDevice)
    .default('auto')
}

function grouped(heading: string, options: readonly Option[]): Option[] {
  for (const option of options) option.helpGroup(heading)
  return [...options]
}

export function modelOptions(): Option[] {
  return grouped('Model:', [
    new Option(
      '-m, --model <name>',
      'name of a model ("tarsier models list" shows them) or path of a model folder; the built-in "demo" knows moving shapes only',
    )
      .default(DEMO_MODEL)
      .argParser(parseName),
    deviceOption(),
    new Option(
      '--untested',
      'use a device even where its results differ from the CPU\'s, or were not held against them ("tarsier doctor" shows them)',
    ),
    homeOption(),
    new Option('--no-cache', 'do not keep what was seen of a clip on disk, and do not use what was kept'),
  ])
}

export function frameOptions(): Option[] {
  return grouped('Frames:', [
    new Option(
      '-n, --frames <n>',
      `number of frames the model sees, 1 to ${MAX_FRAMES} (default: the model's own, 16 for Tarsier2)`,
    ).argParser(parseFrames),
    new Option(
      '--sampler <name>',
      'which frames: "uniform" spreads them from the first to the last, "middle" takes the middle of equal parts (default: the model\'s own)',
    ).choices(samplerNames),
    new Option('--start <seconds>', 'begin with the frame that is on screen then (default: the beginning)').argParser(parseSeconds),
    new Option('--end <seconds>', 'end with the frame that is on screen then (default: the end)').argParser(parseSeconds),
    new Option('--at <t,t,…>', 'exactly the frames on screen at these seconds, e.g. 0,1.5,3')
      .argParser(parseTimes)
      .conflicts(['frames', 'sampler', 'start', 'end']),
    new Option(
      '--max-pixels <n>',
      "most pixels of one frame after shrinking; fewer is faster and coarser, down to the model's own least (default: the model's own)",
    ).argParser(parseMaxPixels),
  ])
}

export function promptOption(): Option {
  return new Option('-p, --prompt <text>', "what to ask of each clip (default: the model's own request for a description)")
    .argParser(parseText)
    .helpGroup('Words:')
}

export function wordOptions(): Option[] {
  return grouped('Words:', [
    new Option(
      '--max-tokens <n>',
      "most tokens of an answer, 1 to 32768; a token is about three quarters of a word (default: the model's own, 256 for Tarsier2)",
    ).argParser(parseMaxTokens),
    new Option(
      '--temperature <t>',
      "0 always takes the likeliest token, higher varies, up to 2 (default: the model's own, 0 for Tarsier2)",
    ).argParser(parseTemperature),
    new Option(
      '--top-p <p>',
      "above temperature 0: only the likeliest tokens that reach this probability together; 1 keeps all (default: the model's own, 1 for Tarsier2)",
    ).argParser(parseTopP),
    new Option('--top-k <k>', 'above temperature 0: only the k likeliest tokens; 0 keeps all (default: 0)').argParser(parseTopK),
    new Option('--repeat-penalty <r>', 'makes recently used tokens less likely, 1 to 2; 1 changes nothing (default: 1)').argParser(
      parseRepeatPenalty,
    ),
    new Option('--seed <n>', 'above temperature 0: the same seed gives the same answer (default: another each time)').argParser(parseSeed),
    new Option('--stop <text>', `end before this text; may be given up to ${MAX_STOPS} times (default: none)`).argParser(parseStop),
  ])
}
