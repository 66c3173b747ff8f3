import { z } from 'zod'
import { figureText, roundFigure } from '../metrics/figures.ts'

const cellSchema = z.object({
  kind: z.enum(['text', 'count', 'score']),
  /** As printed. */
  text: z.string(),
  /** In full; null for words, and where there was nothing to average. */
  value: z.number().nullable(),
})

const tableSchema = z.object({
  title: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(cellSchema)),
  /** The best that a score of this table can be; null where there is none. */
  best: z.number().nullable(),
})

/** What the answers were made with, in words. Several values mean that the predictions of one file differ, and are not one run. */
const runFactsSchema = z.object({
  models: z.array(z.string()),
  /** Frames shown a clip, smallest to largest number. */
  frames: z.array(z.number()),
  /** Sizes of the pictures as the model saw them, such as `448x252`. */
  pixels: z.array(z.string()),
  /** The first few; questions have each their own. */
  prompts: z.array(z.string()),
  promptCount: z.number(),
  generation: z.array(z.string()),
  devices: z.array(z.string()),
  versions: z.array(z.string()),
  /** sha256 of the model's files by name. */
  files: z.record(z.string(), z.string()),
})

/** Everything that is known of one data set's score; saved as JSON, and what the other forms are made of. */
export const evalReportSchema = z.object({
  format: z.literal(1),
  /** As the annotations call it, such as `DREAM`. */
  dataset: z.string(),
  metric: z.enum(['autodq', 'cider', 'multi-choice', 'open-ended']),
  evaluated: z.string(),
  run: runFactsSchema,
  /** Who judged, and with which prompts; null where no judge is needed. */
  judge: z.object({ name: z.string(), prompts: z.array(z.string()) }).nullable(),
  /** Lines that repeated a sample and were left out, where there are some. */
  duplicates: z.number().optional(),
  /** How many samples there are, where only some of them were drawn and scored. */
  drawnFrom: z.number().optional(),
  success: z.number(),
  failed: z.number(),
  /** Failed samples by the code of their error. */
  failures: z.record(z.string(), z.number()),
  /** The figures that one compares, best of the table's own scale beside them. */
  headline: z.array(z.object({ name: z.string(), text: z.string(), value: z.number().nullable(), best: z.number().nullable() })),
  tables: z.array(tableSchema),
  /** What upstream prints for this data set. */
  text: z.string(),
})

export type Cell = z.infer<typeof cellSchema>
export type ReportTable = z.infer<typeof tableSchema>
export type RunFacts = z.infer<typeof runFactsSchema>
export type EvalReport = z.infer<typeof evalReportSchema>

/** What a metric says; the rest of a report is the same for all of them. */
export type ReportBody = Pick<EvalReport, 'success' | 'failed' | 'headline' | 'tables' | 'text'>

export function words(text: string): Cell {
  return { kind: 'text', text, value: null }
}

export function count(value: number): Cell {
  return { kind: 'count', text: String(value), value }
}

/** A figure as upstream's tables print it. @param digits decimals that are kept; fewer are printed where the last are zeros. */
export function score(value: number, digits: number): Cell {
  return { kind: 'score', text: figureText(roundFigure(value, digits)), value: Number.isFinite(value) ? value : null }
}

/** A score as one of the figures that stand above the tables. */
export function headline(name: string, { text, value }: Cell, best: number | null): EvalReport['headline'][number] {
  return { name, text, value, best }
}

/** The text of a table, as upstream prints it. */
export function texts(table: ReportTable): string[][] {
  return table.rows.map((row) => row.map((cell) => cell.text))
}
