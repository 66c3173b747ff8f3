import { z } from 'zod'
import { askSettingsSchema } from '../shared/contract/asking.ts'
import { type ChatSummary, type Turn, turnStates } from '../shared/contract/chats.ts'
import { timedTextSchema } from '../shared/timed-text.ts'
import type { Row } from './database.ts'
import { storedAnswerSchema, storedErrorSchema, storedJson } from './stored-json.ts'

/** Answers to a question as another library has them. */
export interface ExportedTurn extends Omit<Turn, 'versions'> {
  readonly otherVersions?: readonly ExportedVersion[]
}
export type ExportedVersion = Omit<Turn, 'index' | 'question' | 'versions'>

/** A conversation without turns. */
export interface Draft {
  /** Handle of the clip, which is never given to another one, as its key may be. */
  readonly clip: string
  readonly created: number
}

export function summaryOfDraft(id: string, { clip, created }: Draft): ChatSummary {
  return { id, clip, title: '', turns: 0, model: null, created, updated: created }
}

const summaryRow = z.object({
  id: z.string(),
  clip: z.string(),
  title: z.string(),
  turns: z.number(),
  model: z.string().nullable(),
  created: z.number(),
  updated: z.number(),
})

export function summaryOf(row: Row): ChatSummary {
  return summaryRow.parse(row)
}

const turnRow = z.object({
  position: z.number(),
  question: z.string(),
  settings: z.unknown(),
  model: z.string(),
  state: z.enum(turnStates),
  text: z.string(),
  answer: z.unknown(),
  error: z.unknown(),
  timed: z.unknown(),
  version: z.number(),
  versions: z.number(),
  created: z.number(),
})

/** Values of the columns of an answer. One that was being generated elsewhere is incomplete here. */
export function answerColumns({ text, settings, model, state, answer, error, timed, created }: ExportedVersion) {
  return [
    text,
    JSON.stringify(settings),
    model,
    state === 'running' ? 'cut-off' : state,
    answer && JSON.stringify(answer),
    error && JSON.stringify(error),
    timed && JSON.stringify(timed),
    created,
  ]
}

export function turnOf(row: Row): Turn {
  const { position, settings, answer, error, timed, ...turn } = turnRow.parse(row)
  return {
    ...turn,
    index: position,
    settings: storedJson(settings, askSettingsSchema, {}),
    answer: storedJson(answer, storedAnswerSchema, null),
    error: storedJson(error, storedErrorSchema, null),
    timed: storedJson(timed, timedTextSchema.nullable(), null),
  }
}
