import type { Command } from 'commander'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { sizeText } from '../shared/size-text.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { memoryText, modelMemory } from './model-memory.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { homeOf } from './requests.ts'

interface ShowOptions {
  readonly json?: boolean
  readonly home?: string
}

export function addShow(models: Command, run: RunCommand): void {
  models
    .command('show')
    .summary('show details of a model')
    .description("Shows the contents of a model's manifest: its files, precisions and default settings.")
    .argument('<name>', 'name of a model in "tarsier models list", or path of a model folder')
    .option('--json', 'print the manifest, with "path" and "memory" added, as one line of JSON')
    .addOption(homeOption())
    .action((name: string, options: ShowOptions) => run(() => show(name, options)))
}

async function show(name: string, options: ShowOptions): Promise<ExitCode> {
  const path = await resolveModel(name, homeOf(options))
  const manifest = await readManifest(path)
  const memory = await modelMemory(path, manifest)
  if (options.json) process.stdout.write(`${JSON.stringify({ path, memory, ...manifest })}\n`)
  else {
    for (const [label, text] of [...fields(manifest), ['memory', memoryText(memory)] as const, ['path', path] as const]) {
      process.stdout.write(`${label.padEnd(10)} ${oneLine(text)}\n`)
    }
  }
  return exitCodes.done
}

function fields(manifest: ModelManifest): (readonly [label: string, text: string])[] {
  const { language, vision, source, sampler, generation } = manifest
  const revision = source.revision === null ? '' : ` at ${source.revision}`
  const error = vision.error ? `, cosine to f32 ${vision.error.cosine.toFixed(5)} (worst row ${vision.error.worst.toFixed(5)})` : ''
  return [
    ['name', manifest.name],
    ...(manifest.summary === '' ? [] : [['about', manifest.summary] as const]),
    ...(manifest.recognizesOnly === undefined ? [] : [['recognizes', `only ${manifest.recognizesOnly}`] as const]),
    ['family', manifest.family],
    ['from', `${source.repository}${revision}${source.adapter === undefined ? '' : `, with the adapter ${source.adapter}`}`],
    ['licence', manifest.licence],
    [
      'language',
      `${language.precision}, ${sizeText(language.bytes)}, embeddings of ${language.width} values, context of ${language.context} tokens`,
    ],
    ['vision', `${vision.precision}, ${sizeText(vision.bytes + (vision.data?.bytes ?? 0))}, patches of ${vision.patchSize} pixels${error}`],
    [
      'frames',
      `${sampler.frames} by default${sampler.maxFrames === undefined ? '' : `, at most ${sampler.maxFrames}`}, ${sampler.kind === 'uniform' ? 'from the first to the last' : 'from the middle of equal parts'}`,
    ],
    ['asks', manifest.prompt.describe],
    ...(manifest.prompts ?? []).map(({ text }, i) => [i === 0 ? 'questions' : '', text] as const),
    [
      'answers',
      `up to ${generation.maxTokens} tokens at temperature ${generation.temperature}; up to ${manifest.maxSequence} tokens per conversation`,
    ],
  ]
}
