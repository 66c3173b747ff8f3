import type { Prediction } from '../prediction.ts'
import { judgeChoice } from './multi-choice.ts'

/** Right answers of those counted. */
export interface Tally {
  readonly correct: number
  readonly answered: number
}

/** The questions of one duration, or of all, by what the video is about and by what is asked. */
export interface VideoMmePart {
  readonly overall: Tally
  /** Every label of the benchmark in upstream's order, then labels that only these predictions have. */
  readonly domains: ReadonlyMap<string, Tally>
  readonly subCategories: ReadonlyMap<string, Tally>
  readonly taskTypes: ReadonlyMap<string, Tally>
}

export interface VideoMmeScores {
  readonly success: number
  readonly failed: number
  /** Answers that name an option but count in no figure, because of another question about the same video. */
  readonly leftOut: number
  /** Short, medium, long, as far as the predictions have them. */
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
 * Video-MME's figures. As in upstream, a video with a single failed answer is left out with all its questions, and so is a question whose duration is none
 * of short, medium and long.
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
