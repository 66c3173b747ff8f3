import { z } from 'zod'
import { figureText, roundFigure } from '../metrics/figures.ts'

const cellSchema = z.object({
  kind: z.enum(['text', 'count', 'score']),
  /** Text as printed. */
  text: z.string(),
  /** Value in full precision; null for text, and if there was nothing to average. */
  value: z.number().nullable(),
})

const tableSchema = z.object({
  title: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(cellSchema)),
  /** Maximum of the table's scores; null if there is none. */
  best: z.number().nullable(),
})

/** The models and settings that produced the answers. Several values mean that the predictions in one file differ and are not from a single run. */
const runInfoSchema = z.object({
  models: z.array(z.string()),
  /** Number of frames per clip, ascending. */
  frames: z.array(z.number()),
  /** Frame sizes that the model saw, such as `448x252`. */
  pixels: z.array(z.string()),
  /** The first few prompts; each question has its own. */
  prompts: z.array(z.string()),
  promptCount: z.number(),
  generation: z.array(z.string()),
  devices: z.array(z.string()),
  versions: z.array(z.string()),
  /** sha256 of the model's files, by name. */
  files: z.record(z.string(), z.string()),
})

/** The complete result of one data set; saved as JSON, from which the other formats are generated. */
export const evalReportSchema = z.object({
  format: z.literal(1),
  /** Name in the annotations, such as `DREAM`. */
  dataset: z.string(),
  metric: z.enum(['autodq', 'cider', 'multi-choice', 'open-ended', 'check']),
  evaluated: z.string(),
  run: runInfoSchema,
  /** The judge and its prompts; null if no judge is needed. */
  judge: z.object({ name: z.string(), prompts: z.array(z.string()) }).nullable(),
  /** Number of duplicate lines that were left out, if any. */
  duplicates: z.number().optional(),
  /** Total number of samples, if only some of them were drawn and scored. */
  drawnFrom: z.number().optional(),
  success: z.number(),
  failed: z.number(),
  /** Number of failed samples, by error code. */
  failures: z.record(z.string(), z.number()),
  /** The main scores, each with the maximum of its scale. */
  headline: z.array(z.object({ name: z.string(), text: z.string(), value: z.number().nullable(), best: z.number().nullable() })),
  tables: z.array(tableSchema),
  /** Upstream's output for this data set. */
  text: z.string(),
})

export type Cell = z.infer<typeof cellSchema>
export type ReportTable = z.infer<typeof tableSchema>
export type RunInfo = z.infer<typeof runInfoSchema>
export type EvalReport = z.infer<typeof evalReportSchema>

/** The part of a report that depends on the metric. */
export type ReportBody = Pick<EvalReport, 'success' | 'failed' | 'headline' | 'tables' | 'text'>

export function textCell(text: string): Cell {
  return { kind: 'text', text, value: null }
}

export function count(value: number): Cell {
  return { kind: 'count', text: String(value), value }
}

/** Formats a score as upstream's tables print it. @param digits number of decimals; trailing zeros are not printed. */
export function score(value: number, digits: number): Cell {
  return { kind: 'score', text: figureText(roundFigure(value, digits)), value: Number.isFinite(value) ? value : null }
}

/** Converts a score to one of the main scores above the tables. */
export function headline(name: string, { text, value }: Cell, best: number | null): EvalReport['headline'][number] {
  return { name, text, value, best }
}

/** Returns the cells of a table as upstream prints them. */
export function texts(table: ReportTable): string[][] {
  return table.rows.map((row) => row.map((cell) => cell.text))
}
