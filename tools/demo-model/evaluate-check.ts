import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type CheckedPair, checkFigures } from '../../src/bench/metrics/check.ts'
import { exchangeKinds, falseCaption } from '../../src/bench/moving-shapes/false-captions.ts'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { randomSceneClip, writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import { describeScene } from '../../src/bench/moving-shapes/words.ts'
import type { EngineClient, TimeRequest } from '../../src/engine/engine-client.ts'
import type { SupportedSentence } from '../../src/shared/timed-text.ts'
import type { Figures } from './asker.ts'

/** First random stream; those of the training and of the other evaluations are below. */
const FIRST_STREAM = 600_000

/** A pair with the log probabilities of its words. */
export interface CheckedTexts extends CheckedPair {
  readonly truth: readonly SupportedSentence[]
  readonly wrong: readonly SupportedSentence[]
}

export interface CheckEvaluationOptions {
  readonly seed: number
  /** Number of captions. */
  readonly count: number
  readonly frames: number
  /** Temporary folder of the clips. */
  readonly folder: string
  readonly onPair?: (clip: number, pair: CheckedTexts) => void
  readonly onClip?: (done: number) => void
}

/**
 * Checks true captions of clips that no training has seen, and the same with a color, a shape or a motion exchanged for a false one. `found` is the
 * part of the false words that are the least supported of their sentence, `auc` how well support tells false sentences from true ones.
 */
export async function evaluateCheck(engine: EngineClient, options: CheckEvaluationOptions): Promise<Figures> {
  const pairs: CheckedPair[] = []
  for (let i = 0; i < options.count; i++) {
    const random = new Random(options.seed, FIRST_STREAM + i)
    const { scene, shape } = randomSceneClip(random)
    const path = join(options.folder, `${i}.mp4`)
    await writeSceneClip(path, scene, shape, options.seed + i)
    const told = falseCaption(exchangeKinds[i % exchangeKinds.length] ?? 'color', scene, random)
    const clip = { path, frames: { kind: 'uniform', count: options.frames } } as const
    const truth = await sentencesOf(
      engine,
      String(i),
      { kind: 'ask', text: 'Describe the video in detail.', clip },
      describeScene(scene, false),
    )
    const wrong = await sentencesOf(engine, String(i), { kind: 'regenerate' }, told.text)
    const pair = { dataset: `demo/${told.kind}`, truth, wrong, place: told }
    pairs.push(pair)
    options.onPair?.(i, pair)
    await engine.close(String(i))
    await rm(path)
    options.onClip?.(i + 1)
  }
  const figures = new Map<string, number>()
  for (const kind of ['', ...exchangeKinds]) {
    const { pairs: count, found, auc } = checkFigures(pairs.filter(({ dataset }) => kind === '' || dataset === `demo/${kind}`))
    const name = (figure: string) => (kind === '' ? figure : `${figure}: ${kind}`)
    figures.set(name('captions'), count)
    figures.set(name('found'), rounded(found))
    figures.set(name('auc'), rounded(auc))
  }
  return figures
}

async function sentencesOf(
  engine: EngineClient,
  conversation: string,
  turn: TimeRequest['turn'],
  text: string,
): Promise<readonly SupportedSentence[]> {
  for await (const event of engine.timeText(conversation, { turn, text }, new AbortController().signal))
    if (event.kind === 'timed') return event.timed.sentences
  throw new Error('the engine ended without support')
}

function rounded(value: number): number {
  return Math.round(10_000 * value) / 10_000
}
