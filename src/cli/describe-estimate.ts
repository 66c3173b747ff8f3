import type { Estimate } from '../shared/estimate.ts'
import { sizeText } from '../shared/size-text.ts'

/** A line of `describe --dry-run --json`: bytes and seconds; `fits` is false where the run would be refused, and `problem` says why. */
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
      encode: hundredth(seconds.encode),
      prefill: hundredth(seconds.prefill),
      firstToken: hundredth(seconds.firstToken),
      all: hundredth(seconds.all),
    },
  }
}

/** The same for people. */
export function estimateText({ frames, width, height, tokens, memory, seconds, device, problem }: Estimate): string {
  const time = (value: number) => (value < 90 ? `${value.toFixed(1)} s` : `${Math.round(value / 60)} min`)
  const { languageWeights, visionWeights, context, embeddings, buffers, program } = memory
  const parts = [
    [languageWeights, 'language model'],
    [visionWeights, 'vision tower'],
    [context, 'context'],
    [embeddings, 'embeddings'],
    [buffers, 'buffers'],
    [program, 'the program'],
  ] as const
  return [
    `frames   ${frames.length} of ${width}×${height}, ${tokens.perFrame} tokens each`,
    `tokens   ${tokens.visual} of pictures, ${tokens.prompt} of text; with the longest answer ${tokens.context} of ${tokens.limit}`,
    `memory   about ${sizeText(memory.total)}: ${parts.map(([bytes, name]) => `${name} ${sizeText(Math.round(bytes))}`).join(', ')}; ${sizeText(memory.available)} free`,
    seconds
      ? `time     about ${time(seconds.firstToken)} to the first word (encode ${time(seconds.encode)}, prefill ${time(seconds.prefill)}), ${time(seconds.all)} in all with the longest answer, on ${device}`
      : `time     unknown: this model was not measured on ${device} yet`,
    problem ? 'It does not fit and would be refused.' : 'It fits.',
  ].join('\n')
}
