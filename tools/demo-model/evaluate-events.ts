import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import type { Phase, Scene } from '../../src/bench/moving-shapes/scene.ts'
import { randomSceneClip, writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import { describeScene } from '../../src/bench/moving-shapes/words.ts'
import type { EngineClient } from '../../src/engine/engine-client.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import type { TimedClause } from '../../src/shared/timed-text.ts'
import type { Figures } from './asker.ts'

/** First random stream; those of the training and of the other evaluation are below. */
const FIRST_STREAM = 300_000
/** Onsets that are further apart than this part of the clip must be in order: one of 16 frames. */
const APART = 1 / 15

/** An event of a clip with its times, as parts of the clip's length; null where none was given. */
export interface EventTimes {
  readonly clip: number
  readonly event: string
  readonly begins: number
  /** From the model's frames, and with further frames around the step. */
  readonly found: number | null
  readonly refined: number | null
}

export interface EventEvaluationOptions {
  readonly seed: number
  /** Number of clips to generate. */
  readonly count: number
  readonly frames: number
  /** Seconds to which times are refined. */
  readonly precision: number
  /** Temporary folder of the clips. */
  readonly folder: string
  readonly onEvent?: (times: EventTimes) => void
  readonly onClip?: (done: number) => void
}

/**
 * Generates clips that no training has seen, encodes them as H.264, and compares the times that the engine finds for the clauses of its descriptions
 * with those of the scenes. Descriptions that are wrong are left out.
 */
export async function evaluateEvents(engine: EngineClient, options: EventEvaluationOptions): Promise<Figures> {
  const events: EventTimes[] = []
  const { frames: count, precision } = options
  for (let i = 0; i < options.count; i++) {
    const { scene, shape } = randomSceneClip(new Random(options.seed, FIRST_STREAM + i))
    const path = join(options.folder, `${i}.mp4`)
    await writeSceneClip(path, scene, shape, options.seed + i)
    const clip = { path, frames: { kind: 'uniform', count } } as const
    const text = await answerTo(engine, String(i), clip)
    if (text === describeScene(scene, false)) {
      const length = (shape.frames - 1) / shape.rate
      const found = await clausesOf(engine, String(i), null)
      const refined = await clausesOf(engine, String(i), precision)
      for (const times of timesOf(scene, found, refined, length)) {
        events.push({ clip: i, ...times })
        options.onEvent?.({ clip: i, ...times })
      }
    }
    await engine.close(String(i))
    await rm(path)
    options.onClip?.(i + 1)
  }
  return figuresOf(events)
}

async function answerTo(engine: EngineClient, conversation: string, clip: { path: string; frames: { kind: 'uniform'; count: number } }) {
  const sampling = samplingSchema.parse({ maxTokens: 96 })
  const turn = { kind: 'ask', text: 'Describe the video in detail.', clip, sampling } as const
  for await (const event of engine.answer(conversation, turn, new AbortController().signal))
    if (event.kind === 'done') return event.answer.text.trim()
  throw new Error('the engine ended without an answer')
}

async function clausesOf(engine: EngineClient, conversation: string, precision: number | null): Promise<readonly TimedClause[]> {
  const request = { turn: { kind: 'regenerate' }, precision } as const
  for await (const event of engine.timeText(conversation, request, new AbortController().signal))
    if (event.kind === 'timed') return event.timed.clauses
  throw new Error('the engine ended without times')
}

/** A sentence describes an object, and its clauses are that object's phases. */
function timesOf(scene: Scene, found: readonly TimedClause[], refined: readonly TimedClause[], length: number) {
  return scene.objects.flatMap(({ phases, color, shape }, sentence) =>
    phases.map((phase, place): Omit<EventTimes, 'clip'> => {
      const timeIn = (clauses: readonly TimedClause[]) => {
        const own = clauses.filter((clause) => clause.sentence === sentence)
        // If the clauses are not those of the scene, none of them counts as found.
        const begins = own.length === phases.length ? (own[place]?.begins ?? null) : null
        return begins === null ? null : begins / length
      }
      return { event: `${color} ${shape} ${phase.motion}`, begins: beginningOf(phase), found: timeIn(found), refined: timeIn(refined) }
    }),
  )
}

/** When a phase begins, as a part of the clip's length: something appears or disappears within its phase. */
export function beginningOf({ motion, from, to, amount }: Phase): number {
  return motion === 'appears' || motion === 'disappears' ? from + (to - from) * amount : from
}

/**
 * Returns the fraction of events with a time, of pairs of events of a clip in the right order, and mean and median distances from the true times in
 * parts of the clip's length; `later` means events that do not begin with the clip. Those with further frames are named `zoom`.
 */
export function figuresOf(events: readonly EventTimes[]): Figures {
  const figures = new Map<string, number>([['events', events.length]])
  for (const [name, timeOf] of [
    ['', ({ found }: EventTimes) => found],
    ['zoom ', ({ refined }: EventTimes) => refined],
  ] as const) {
    const given = events.flatMap((event) => {
      const time = timeOf(event)
      return time === null ? [] : [{ ...event, time, error: Math.abs(time - event.begins) }]
    })
    const pairs = given.flatMap((a) => given.filter((b) => a.clip === b.clip && a.begins < b.begins).map((b) => [a, b] as const))
    const inOrder = (some: typeof pairs) => mean(some.map(([a, b]) => (a.time < b.time ? 1 : 0)))
    const later = given.filter(({ begins }) => begins > 0).map(({ error }) => error)
    const all = given.map(({ error }) => error)
    const add = (label: string, value: number) => figures.set(`${name}${label}`, Math.round(10_000 * value) / 10_000)
    add('given', given.length / events.length)
    add('order', inOrder(pairs))
    add('order apart', inOrder(pairs.filter(([a, b]) => b.begins - a.begins > APART)))
    add('mean error', mean(all))
    add('mean error later', mean(later))
    add('median error later', later.toSorted((a, b) => a - b)[Math.floor(later.length / 2)] ?? Number.NaN)
  }
  return figures
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
