import type { Answer } from '../shared/engine-events.ts'

const FINISHED: Readonly<Record<Answer['finish'], string>> = {
  end: '',
  stop: ', stopped at a stop text',
  length: ', cut off at the token limit (--max-tokens)',
  repetition: ', stopped because it repeated itself',
  aborted: ', stopped',
}

/** Formats a one-line summary of an answer for the terminal. */
export function summaryOf({ frames, width, height, tokens, timings, device, finish, cached }: Answer): string {
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`
  const speed = timings.generate > 0 ? ` at ${(tokens.generated / (timings.generate / 1000)).toFixed(1)} tokens/s` : ''
  const seen = frames.length === 0 ? '' : `${frames.length} ${frames.length === 1 ? 'frame' : 'frames'} of ${width}×${height}, `
  const source = cached === 'nothing' ? '' : ' (from cache)'
  // The vision tower is not loaded for a cached clip.
  const where =
    device.vision === 'not needed' || device.vision === device.language ? device.language : `${device.vision}/${device.language}`
  return `${seen}${tokens.visual}+${tokens.prompt} tokens${source}, first word after ${seconds(timings.firstToken)}, ${tokens.generated} tokens${speed}, ${seconds(timings.total)} in total on ${where}${finish === 'end' ? '' : FINISHED[finish]}`
}
