import { z } from 'zod'
import type { TimedText } from './timed-text.ts'

const support = z.number().min(0).max(1).describe('From 0, the clip contradicts it, to 1, the clip shows it.')
const seconds = z.number().nullable().describe('Seconds from the first frame; null if no part of the clip supports it better than others.')

/** How much a clip supports a text, for programs. */
export const supportReportSchema = z.object({
  file: z.string().describe('The clip, as it was given.'),
  support: support.describe('Support of the least supported sentence.'),
  sentences: z.array(
    z.object({
      text: z.string(),
      support: support.describe('Support of the least supported word.'),
      start: seconds,
      end: seconds,
      words: z.array(z.object({ text: z.string(), support })),
    }),
  ),
})
export type SupportReport = z.infer<typeof supportReportSchema>

/** Reports the support of a text, in thousandths; 1 for a text without sentences. */
export function supportReport(file: string, { sentences }: Pick<TimedText, 'sentences'>): SupportReport {
  return {
    file,
    support: rounded(sentences.reduce((least, sentence) => Math.min(least, sentence.support), 1)),
    sentences: sentences.map(({ text, support: least, begins, ends, words }) => ({
      text,
      support: rounded(least),
      start: begins,
      end: ends,
      words: words.map((word) => ({ text: word.text, support: rounded(word.support) })),
    })),
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
