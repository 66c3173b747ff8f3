import type { Estimate } from '../shared/estimate.ts'
import { sizeText } from '../shared/size-text.ts'

/** A line of `describe --dry-run --json`: bytes and seconds. `fits` is false if the run would be refused, and `problem` gives the reason. */
export type EstimateLine = { readonly file: string; readonly model: string; readonly fits: boolean } & Estimate

export function estimateLine(file: string, model: string, estimate: Estimate): EstimateLine {
  const { seconds } = estimate
  const hundredth = (value: number) => Math.round(value * 100) / 100
  return {
    file,
    model,
    fits: estimate.problem === null,
    ...estimate,
    frames: estimate.frames.map(({ index, time }) => ({ index, time })),
    seconds: seconds && {
      other: hundredth(seconds.other),
      decode: seconds.decode === null ? null : hundredth(seconds.decode),
      encode: hundredth(seconds.encode),
      prefill: hundredth(seconds.prefill),
      firstToken: hundredth(seconds.firstToken),
      all: hundredth(seconds.all),
    },
  }
}

/** Formats the estimate as text. */
export function estimateText({ frames, width, height, tokens, memory, gpu, seconds, device, problem }: Estimate): string {
  const time = (value: number) => (value < 90 ? `${value.toFixed(1)} s` : `${Math.round(value / 60)} min`)
  const { languageWeights, visionWeights, context, embeddings, languageBuffers, visionBuffers, program } = memory
  const parts = [
    [languageWeights, 'language model'],
    [visionWeights, 'vision tower'],
    [context, 'context'],
    [embeddings, 'embeddings'],
    [languageBuffers + visionBuffers, 'buffers'],
    [program, 'the program'],
  ] as const
  return [
    `frames   ${frames.length} of ${width}×${height}, ${tokens.perFrame} tokens each`,
    `tokens   ${tokens.visual} visual, ${tokens.prompt} text; ${tokens.context} of ${tokens.limit} with the longest answer`,
    `memory   about ${sizeText(memory.total)}: ${parts.map(([bytes, name]) => `${name} ${sizeText(Math.round(bytes))}`).join(', ')}${memory.available === null ? '' : `; ${sizeText(memory.available)} free`}`,
    ...(gpu ? [gpuText(gpu)] : []),
    seconds
      ? `time     about ${time(seconds.firstToken)} to the first word (${decodeText(seconds.decode, time)}, encode ${time(seconds.encode)}, prefill ${time(seconds.prefill)}), ${time(seconds.all)} in total with the longest answer, on ${device}`
      : `time     unknown: this model has not been measured on ${device} yet`,
    problem ? 'This does not fit and would be rejected.' : 'It fits.',
  ].join('\n')
}

function decodeText(seconds: number | null, time: (value: number) => string): string {
  return seconds === null
    ? 'decoding not included: too few clips of this kind have been decoded on this machine'
    : `decode ${time(seconds)}`
}

function gpuText({ layers, of, visionWeights, total, further, available }: NonNullable<Estimate['gpu']>): string {
  const there = [
    ...(layers > 0 ? [`${layers} of ${of} layers with their context`] : []),
    ...(visionWeights > 0 ? ['the vision tower'] : []),
  ]
  const free = available === null ? '' : `, of ${sizeText(available)} free there`
  return `on GPU   about ${sizeText(total)} of that: ${there.join(' and ')}; ${sizeText(further)} must still be allocated${free}`
}
