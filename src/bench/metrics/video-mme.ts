import type { Prediction } from '../prediction.ts'
import { judgeChoice } from './multi-choice.ts'

/** Number of correct answers and of answers counted. */
export interface Tally {
  readonly correct: number
  readonly answered: number
}

/** Scores of the questions of one duration, or of all, by the video's topic and by question type. */
export interface VideoMmePart {
  readonly overall: Tally
  /** Every label of the benchmark in upstream's order, then labels that occur only in these predictions. */
  readonly domains: ReadonlyMap<string, Tally>
  readonly subCategories: ReadonlyMap<string, Tally>
  readonly taskTypes: ReadonlyMap<string, Tally>
}

export interface VideoMmeScores {
  readonly success: number
  readonly failed: number
  /** Answers that name an option but are excluded, because another question about the same video failed. */
  readonly leftOut: number
  /** Short, medium and long, if the predictions contain them. */
  readonly durations: ReadonlyMap<string, VideoMmePart>
  readonly all: VideoMmePart
}

const durations = ['short', 'medium', 'long']
const domains = ['Knowledge', 'Film & Television', 'Sports Competition', 'Artistic Performance', 'Life Record', 'Multilingual']
const subCategories = [
  ...['Humanity & History', 'Literature & Art', 'Biology & Medicine', 'Finance & Commerce', 'Astronomy', 'Geography', 'Law', 'Life Tip'],
  ...['Technology', 'Animation', 'Movie & TV Show', 'Documentary', 'News Report', 'Esports', 'Basketball', 'Football', 'Athletics'],
  ...['Other Sports', 'Stage Play', 'Magic Show', 'Variety Show', 'Acrobatics', 'Handicraft', 'Food', 'Fashion', 'Daily Life', 'Travel'],
  ...['Pet & Animal', 'Exercise', 'Multilingual'],
]
const taskTypes = [
  ...['Temporal Perception', 'Spatial Perception', 'Attribute Perception', 'Action Recognition', 'Object Recognition', 'OCR Problems'],
  ...['Counting Problem', 'Temporal Reasoning', 'Spatial Reasoning', 'Action Reasoning', 'Object Reasoning', 'Information Synopsis'],
]

/**
 * Computes Video-MME's scores. As in upstream, a video with one failed answer is excluded with all its questions, and so is a question whose
 * duration is not short, medium or long.
 */
export function scoreVideoMme(predictions: readonly Prediction[]): VideoMmeScores {
  const judged = predictions.map((prediction) => ({ prediction, correct: judgeChoice(prediction, 1) }))
  const spoilt = new Set(judged.filter(({ correct }) => correct === null).map(({ prediction }) => videoOf(prediction)))
  const counted = judged.flatMap(({ prediction, correct }) => {
    if (correct === null || spoilt.has(videoOf(prediction)) || !durations.includes(label(prediction, 'duration'))) return []
    return [{ prediction, correct }]
  })
  return {
    success: judged.filter(({ correct }) => correct !== null).length,
    failed: judged.filter(({ correct }) => correct === null).length,
    leftOut: judged.filter(({ correct }) => correct !== null).length - counted.length,
    durations: new Map(durations.map((name) => [name, partOf(counted.filter(({ prediction }) => label(prediction, 'duration') === name))])),
    all: partOf(counted),
  }
}

interface Judged {
  readonly prediction: Prediction
  readonly correct: boolean
}

function partOf(judged: readonly Judged[]): VideoMmePart {
  return {
    overall: tallyOf(judged),
    domains: tallies(judged, 'domain', domains),
    subCategories: tallies(judged, 'sub_category', subCategories),
    taskTypes: tallies(judged, 'task_type', taskTypes),
  }
}

function tallies(judged: readonly Judged[], field: string, known: readonly string[]): Map<string, Tally> {
  const names = new Set([...known, ...judged.map(({ prediction }) => label(prediction, field))])
  return new Map([...names].map((name) => [name, tallyOf(judged.filter(({ prediction }) => label(prediction, field) === name))]))
}

function tallyOf(judged: readonly Judged[]): Tally {
  return { correct: judged.filter(({ correct }) => correct).length, answered: judged.length }
}

function label(prediction: Prediction, field: string): string {
  const value = prediction.extraInfo[field]
  return typeof value === 'string' && value !== '' ? value : 'unknown'
}

function videoOf({ extraInfo, vid, key }: Prediction): string {
  return String(extraInfo.vid ?? vid ?? key)
}
