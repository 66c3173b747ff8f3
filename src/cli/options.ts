import { InvalidArgumentError, Option } from 'commander'
import { DEMO_MODEL } from '../engine/models/registry.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import type { SamplerName } from '../shared/frame-request.ts'
import { optionInfo } from '../shared/option-info.ts'
import { options } from '../shared/options.ts'
import { optionFrom } from './option-from.ts'

/** Options shared by `describe`, `chat` and `trace`, as commander returns them. Absent options are left to the model's defaults. */
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

export interface AnswerOptions {
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly repeatPenalty?: number
  readonly seed?: number
  readonly stop?: string[]
}

export function homeOption(): Option {
  return new Option(
    '--home <dir>',
    'folder for models and caches (default: TARSIER_HOME, otherwise the application data folder of the platform)',
  ).argParser(parseName)
}

/** Parses the name of a file, folder or model. Throws commander's `InvalidArgumentError` if it is empty. */
export function parseName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must be a name or a folder.')
  return text
}

function grouped(heading: string, options: readonly Option[]): Option[] {
  for (const option of options) option.helpGroup(heading)
  return [...options]
}

export function modelOptions(): Option[] {
  return grouped('Model:', [
    optionFrom(options.model, '-m, --model <name>', { default: DEMO_MODEL }),
    optionFrom(options.device, '--device <name>', { default: 'auto' }),
    new Option(
      '--untested',
      'use a device even if its results differ from those of the CPU or have not been compared with them (see "tarsier doctor")',
    ),
    homeOption(),
    new Option('--no-cache', 'do not read or write the cache of computed clips on disk'),
  ])
}

export function frameOptions(): Option[] {
  return grouped('Frames:', [
    optionFrom(options.frames, '-n, --frames <n>'),
    optionFrom(options.sampler, '--sampler <name>'),
    optionFrom(options.start, '--start <seconds>'),
    optionFrom(options.end, '--end <seconds>'),
    optionFrom(options.times, '--at <t,t,…>', {
      description: 'Uses exactly the frames shown at these seconds, such as 0,1.5,3.',
    }).conflicts(['frames', 'sampler', 'start', 'end']),
    optionFrom(options.maxPixels, '--max-pixels <n>'),
  ])
}

export function promptOption(): Option {
  return optionFrom(options.prompt, '-p, --prompt <text>').helpGroup('Answer:')
}

export function systemOption(): Option {
  return optionFrom(options.system, '--system <text>').helpGroup('Answer:')
}

export function answerOptions(): Option[] {
  return grouped('Answer:', [
    optionFrom(options.maxTokens, '--max-tokens <n>'),
    optionFrom(options.temperature, '--temperature <t>'),
    optionFrom(options.topP, '--top-p <p>'),
    optionFrom(options.topK, '--top-k <k>'),
    optionFrom(options.repeatPenalty, '--repeat-penalty <r>'),
    optionFrom(options.seed, '--seed <n>'),
    optionFrom(options.stop, '--stop <text>', { description: `${optionInfo(options.stop).description} Can be given up to 16 times.` }),
  ])
}
