import { type Command, Option } from 'commander'
import { type ClipForm, clipForms } from '../bench/run/openai-clip.ts'
import { type AnswerPrefixForm, answerPrefixForms } from '../bench/run/openai-model.ts'
import type { Shard } from '../bench/run/shard.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import type { SamplerName } from '../shared/frame-request.ts'
import { options } from '../shared/options.ts'
import { optionFrom } from './option-from.ts'
import { homeOption, parseName } from './options.ts'
import { parseCount, parseShard, parseWorkers } from './run-text.ts'

export interface BenchRunOptions {
  readonly annotations?: string
  readonly videos?: string
  readonly out: string
  readonly limit?: number
  readonly shard?: Shard
  readonly retryFailed?: boolean
  readonly new?: boolean
  readonly upstream?: boolean
  readonly engine: 'tarsier' | 'openai'
  readonly model?: string
  readonly device: DeviceChoice
  readonly home?: string
  readonly workers?: number
  readonly baseUrl?: string
  readonly send: ClipForm
  readonly begun: AnswerPrefixForm
  readonly frames?: number
  readonly sampler?: SamplerName
  readonly maxPixels?: number
  readonly maxTokens: number
  readonly temperature: number
  readonly topP: number
  readonly topK?: number
  readonly repeatPenalty?: number
  readonly seed?: number
}

export function addRunOptions(command: Command): void {
  command
    .optionsGroup('Samples:')
    .addOption(new Option('--annotations <path>', 'annotations of version 1 or 2: a .jsonl file, or a folder of them').argParser(parseName))
    .addOption(
      new Option('--videos <dir>', 'folder of the clips that annotations call "<placeholder>"; they are found by their vid').argParser(
        parseName,
      ),
    )
    .addOption(
      new Option('--limit <n>', 'only the first n samples of each data set (default: all)').argParser((text) => parseCount(text, 1e9)),
    )
    .addOption(
      new Option('--shard <I/N>', 'only part I of N, the same on every machine; "tarsier bench merge" joins the parts').argParser(
        parseShard,
      ),
    )
  command
    .optionsGroup('Output:')
    .addOption(
      new Option('-o, --out <dir>', 'folder of the predictions; a run that was begun there is gone on with')
        .argParser(parseName)
        .makeOptionMandatory(),
    )
    .option('--retry-failed', 'run samples again that failed before')
    .option('--new', 'begin anew; a run that is there is moved to the folder "old", never deleted')
    .option('--upstream', "also write the predictions as the papers' Python program does, for its evaluation")
  command
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--engine <name>',
        '"tarsier" runs the model here; "openai" asks an OpenAI-compatible server that takes pictures or videos',
      )
        .choices(['tarsier', 'openai'])
        .default('tarsier'),
    )
    .addOption(
      new Option(
        '-m, --model <name>',
        'name of a model or path of a model folder (default: "demo"); with --engine openai the server\'s name for it',
      ).argParser(parseName),
    )
    .addOption(
      new Option(
        '--workers <k>',
        'samples at a time; with --engine tarsier each has a process and a model of its own (default: 1; with openai 8)',
      ).argParser(parseWorkers),
    )
    .addOption(optionFrom(options.device, '--device <name>', { default: 'auto' }))
    .addOption(homeOption())
  command
    .optionsGroup(
      'Server (with --engine openai; its key comes from OPENAI_API_KEY alone, proxies from HTTPS_PROXY, HTTP_PROXY and NO_PROXY):',
    )
    .addOption(
      new Option('--base-url <url>', "such as http://localhost:8000/v1 (default: OPENAI_BASE_URL, else OpenAI's own)").argParser(parseName),
    )
    .addOption(
      new Option(
        '--send <form>',
        '"frames": pictures that are taken here; "video": the whole file in the request; "path": the file\'s address, which the server opens itself',
      )
        .choices(clipForms)
        .default('frames'),
    )
    .addOption(
      new Option(
        '--begun <form>',
        'answers that are begun by the annotation: "continue" has the server go on from that text (vLLM, SGLang), "omit" leaves it out',
      )
        .choices(answerPrefixForms)
        .default('continue'),
    )
  command
    .optionsGroup('Frames and answer:')
    .addOption(optionFrom(options.frames, '-n, --frames <n>', { whenAbsent: "the model's own; with openai 16" }))
    .addOption(optionFrom(options.sampler, '--sampler <name>', { whenAbsent: "the model's own; with openai uniform" }))
    .addOption(optionFrom(options.maxPixels, '--max-pixels <n>'))
    .addOption(optionFrom(options.maxTokens, '--max-tokens <n>', { default: 512 }))
    .addOption(optionFrom(options.temperature, '--temperature <t>', { default: 0 }))
    .addOption(optionFrom(options.topP, '--top-p <p>', { default: 1 }))
    .addOption(optionFrom(options.topK, '--top-k <k>'))
    .addOption(optionFrom(options.repeatPenalty, '--repeat-penalty <r>'))
    .addOption(optionFrom(options.seed, '--seed <n>'))
}
