import { type Command, Option } from 'commander'
import { type AnswerPrefixForm, answerPrefixForms } from '../bench/run/answer-prefix-form.ts'
import type { Shard } from '../bench/run/shard.ts'
import type { DeviceChoice } from '../shared/devices.ts'
import type { SamplerName } from '../shared/frame-request.ts'
import { options } from '../shared/options.ts'
import { optionFrom } from './option-from.ts'
import { homeOption, parseName } from './options.ts'
import { parseCount, parseShard, parseWorkers } from './run-text.ts'
import { type SentModel, sendOption } from './send-option.ts'
import { baseUrlOption, inFlightOption, picturesOption, serverModelOption } from './server-options.ts'

export interface BenchRunOptions {
  readonly annotations?: string
  readonly videos?: string
  readonly out: string
  readonly limit?: number
  readonly shard?: Shard
  readonly retryFailed?: boolean
  readonly new?: boolean
  readonly upstream?: boolean
  readonly queue?: string
  readonly job?: string
  readonly engine: 'tarsier' | 'openai'
  readonly model?: string
  readonly device: DeviceChoice
  readonly home?: string
  readonly workers?: number
  readonly baseUrl?: readonly string[]
  readonly inFlight?: number
  readonly serverModel?: string
  readonly pictures?: 'png' | 'jpeg'
  readonly send?: SentModel['send']
  readonly begun: AnswerPrefixForm
  readonly frames?: number
  readonly sampler?: SamplerName
  readonly maxPixels?: number
  readonly system?: string
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
      new Option(
        '--videos <dir>',
        'folder that contains the clips for "<placeholder>" in annotations; they are found by their vid',
      ).argParser(parseName),
    )
    .addOption(
      new Option('--limit <n>', 'run only the first n samples of each data set (default: all)').argParser((text) => parseCount(text, 1e9)),
    )
    .addOption(
      new Option(
        '--shard <I/N>',
        'run only part I of N; the parts are the same on every machine, and "tarsier bench merge" merges them',
      ).argParser(parseShard),
    )
  command
    .optionsGroup('Output:')
    .addOption(
      new Option('-o, --out <dir>', 'folder for the predictions; resumes an existing run in this folder')
        .argParser(parseName)
        .makeOptionMandatory(),
    )
    .option('--retry-failed', 'run failed samples again')
    .option('--new', 'start a new run; an existing run is moved to the folder "old", not deleted')
    .option('--upstream', "also write the predictions in the format of the papers' Python program, for its evaluation")
  command
    .optionsGroup('Many machines:')
    .addOption(
      new Option(
        '--queue <url>',
        'share the run with all machines that run the same command or a worker, through this PostgreSQL database (see "tarsier jobs")',
      ).conflicts(['shard', 'new', 'upstream']),
    )
    .addOption(new Option('--job <name>', 'with --queue: name of the job (default: the name of the folder)').argParser(parseName))
  command
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--engine <name>',
        '"tarsier" runs the model on this machine; "openai" uses OpenAI-compatible servers that accept images or videos',
      )
        .choices(['tarsier', 'openai'])
        .default('tarsier'),
    )
    .addOption(
      new Option(
        '-m, --model <name>',
        'name of a model or path of a model folder (default: "demo"); with --engine openai also the name of any model on the server',
      ).argParser(parseName),
    )
    .addOption(
      new Option(
        '--workers <k>',
        'number of samples run in parallel; with --engine tarsier each worker is a process that loads its own model (default: 1; with openai as many as keep the servers busy)',
      ).argParser(parseWorkers),
    )
    .addOption(optionFrom(options.device, '--device <name>', { default: 'auto' }))
    .addOption(homeOption())
  command
    .optionsGroup('Server (with --engine openai; the key is read from OPENAI_API_KEY, proxies from HTTPS_PROXY, HTTP_PROXY and NO_PROXY):')
    .addOption(
      baseUrlOption(
        "base URL of the server, such as http://localhost:8000/v1; can be repeated for servers that share the requests (default: OPENAI_BASE_URL, otherwise OpenAI's server)",
      ),
    )
    .addOption(inFlightOption())
    .addOption(sendOption())
    .addOption(serverModelOption('name of an imported model on the servers (default: the name of --model)'))
    .addOption(picturesOption())
    .addOption(
      new Option(
        '--begun <form>',
        'for annotations that give the beginning of the answer: "continue" lets the server continue that text (vLLM, SGLang), "omit" does not send it',
      )
        .choices(answerPrefixForms)
        .default('continue'),
    )
  command
    .optionsGroup('Frames and answer:')
    .addOption(optionFrom(options.frames, '-n, --frames <n>', { whenAbsent: 'model-specific; 16 with --send frames' }))
    .addOption(optionFrom(options.sampler, '--sampler <name>', { whenAbsent: 'model-specific; uniform with --send frames' }))
    .addOption(optionFrom(options.maxPixels, '--max-pixels <n>'))
    .addOption(optionFrom(options.system, '--system <text>'))
    .addOption(optionFrom(options.maxTokens, '--max-tokens <n>', { default: 512 }))
    .addOption(optionFrom(options.temperature, '--temperature <t>', { default: 0 }))
    .addOption(optionFrom(options.topP, '--top-p <p>', { default: 1 }))
    .addOption(optionFrom(options.topK, '--top-k <k>'))
    .addOption(optionFrom(options.repeatPenalty, '--repeat-penalty <r>'))
    .addOption(optionFrom(options.seed, '--seed <n>'))
}
