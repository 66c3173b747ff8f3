import type { Prediction } from '../prediction.ts'
import { judgeChoice } from './multi-choice.ts'

/** Name of the data set in annotations. */
export const VIDEO_MME = 'Video-MME'

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

/** A question that was answered, or whose answer failed. */
export interface VideoMmeAnswer {
  readonly key: string
  /** See {@link videoMmeLabels}. */
  readonly labels: Readonly<Record<string, unknown>>
  /** Null if the answer names no option, or there is none. */
  readonly correct: boolean | null
}

/** The fields of an annotation by which Video-MME's questions are grouped. */
export function videoMmeLabels({ extraInfo, vid }: Pick<Prediction, 'extraInfo' | 'vid'>): VideoMmeAnswer['labels'] {
  const { duration, domain, sub_category, task_type } = extraInfo
  return { vid: extraInfo.vid ?? vid, duration, domain, sub_category, task_type }
}

/** Computes Video-MME's scores; see {@link aggregateVideoMme}. */
export function scoreVideoMme(predictions: readonly Prediction[]): VideoMmeScores {
  return aggregateVideoMme(
    predictions.map((prediction) => ({ key: prediction.key, labels: videoMmeLabels(prediction), correct: judgeChoice(prediction, 1) })),
  )
}

/**
 * Computes the scores of judged answers. As in upstream, a video with one failed answer is excluded with all its questions, and so is a question
 * whose duration is not short, medium or long.
 */
export function aggregateVideoMme(answers: readonly VideoMmeAnswer[]): VideoMmeScores {
  const named = answers.flatMap(({ correct, ...answer }) => (correct === null ? [] : [{ ...answer, correct }]))
  const spoilt = new Set(answers.filter(({ correct }) => correct === null).map(videoOf))
  const counted = named.filter((answer) => !spoilt.has(videoOf(answer)) && durations.includes(label(answer, 'duration')))
  return {
    success: named.length,
    failed: answers.length - named.length,
    leftOut: named.length - counted.length,
    durations: new Map(durations.map((name) => [name, partOf(counted.filter((answer) => label(answer, 'duration') === name))])),
    all: partOf(counted),
  }
}

interface Judged extends VideoMmeAnswer {
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
  const names = new Set([...known, ...judged.map((answer) => label(answer, field))])
  return new Map([...names].map((name) => [name, tallyOf(judged.filter((answer) => label(answer, field) === name))]))
}

function tallyOf(judged: readonly Judged[]): Tally {
  return { correct: judged.filter(({ correct }) => correct).length, answered: judged.length }
}

function label({ labels }: VideoMmeAnswer, field: string): string {
  const value = labels[field]
  return typeof value === 'string' && value !== '' ? value : 'unknown'
}

function videoOf({ labels, key }: VideoMmeAnswer): string {
  return String(labels.vid ?? key)
}
