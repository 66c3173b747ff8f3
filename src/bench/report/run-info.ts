import type { Prediction, Used } from '../prediction.ts'
import type { EvalReport, RunInfo } from './eval-report.ts'

/**
 * Collects the settings that predictions were made with, without duplicates. Failed samples and the Python program's predictions only provide their
 * prompt.
 */
export function runInfoOf(predictions: readonly Prediction[]): RunInfo {
  const used = predictions.flatMap((prediction) => prediction.used ?? [])
  const prompts = distinct(predictions.map(({ prompt }) => prompt))
  return {
    models: distinct(used.map(({ engine, model }) => (engine === 'tarsier' ? model : `${model} (${engine})`))),
    frames: [...new Set(used.map(({ frames }) => frames.length))].sort((a, b) => a - b),
    pixels: distinct(used.flatMap(({ width, height }) => (width === null || height === null ? [] : `${width}x${height}`))),
    prompts: prompts.slice(0, FEW),
    promptCount: prompts.length,
    generation: distinct(used.map(generationText)),
    devices: distinct(used.map(({ device }) => device)),
    versions: distinct(used.map(({ versions }) => listed(versions))),
    files: Object.assign({}, ...used.map(({ files }) => files)),
  }
}

/** Maximum number of different values that are listed. */
const FEW = 3

type SampleInfo = Pick<EvalReport, 'duplicates' | 'drawnFrom' | 'success' | 'failed'>

interface JudgeInfo {
  readonly name: string
  /** Names of the prompts with their versions. */
  readonly prompts: readonly string[]
}

/** Formats the judge and its prompts: `openai gpt-4o, prompt entailment 1`. */
export function judgeText({ name, prompts }: JudgeInfo): string {
  return [name, ...prompts.map((prompt) => `prompt ${prompt}`)].join(', ')
}

/** Formats the known settings as short captions for a score: `Model`, `Frames`, `Pixels`, `Prompt`, `Judge`. */
export function infoLines(info: RunInfo, judge: JudgeInfo | null): [string, string][] {
  const [first] = info.frames
  const last = info.frames.at(-1)
  const lines: [string, string][] = [
    ['Model', some(info.models)],
    ['Frames', first === undefined ? '' : first === last ? String(first) : `${first} to ${last}`],
    ['Pixels', some(info.pixels)],
    ['Prompt', info.promptCount > FEW ? `${info.promptCount} different prompts` : some(info.prompts)],
    ['Generation', some(info.generation)],
    ['Device', some(info.devices)],
    ['Judge', judge === null ? '' : judgeText(judge)],
  ]
  return lines.filter(([, text]) => text !== '')
}

/** Describes which lines were scored, if not all were: `Duplicates`, `Samples`. */
export function sampleLines({ duplicates, drawnFrom, success, failed }: SampleInfo): [string, string][] {
  const lines: [string, string][] = [
    [
      'Duplicates',
      duplicates === undefined ? '' : `${duplicates} ${duplicates === 1 ? 'line' : 'lines'} ignored; the first line of a sample counts`,
    ],
    ['Samples', drawnFrom === undefined ? '' : `${success + failed} selected from ${drawnFrom}`],
  ]
  return lines.filter(([, text]) => text !== '')
}

function some(texts: readonly string[]): string {
  const further = texts.length > FEW ? ` and ${texts.length - FEW} more` : ''
  return `${texts
    .slice(0, FEW)
    .map((text) => text.replaceAll(/\s+/g, ' ').trim())
    .join(' | ')}${further}`
}

function generationText({ generation: { maxTokens, temperature, topP } }: Used): string {
  return `temperature ${temperature}, top_p ${topP}, at most ${maxTokens} tokens`
}

function listed(record: Readonly<Record<string, string>>): string {
  return Object.entries(record)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort()
}
