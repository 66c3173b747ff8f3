/**
 * Records the curves of events in clips that no training has seen, for the tests of the onsets: `npx tsx tools/demo-model/record-curves.ts > FILE`.
 * A line for each event: `clip`, `clause`, `begins` (seconds, from the scene), `times` of the frames, and `curve`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { randomSceneClip, writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import { describeScene } from '../../src/bench/moving-shapes/words.ts'
import type { AnswerTokens } from '../../src/engine/conversation/answer-tokens.ts'
import { ClipScorer } from '../../src/engine/conversation/clip-scorer.ts'
import { Engine } from '../../src/engine/engine.ts'
import { clausesOf } from '../../src/engine/events/clauses.ts'
import { curveOf } from '../../src/engine/events/onsets.ts'
import { beginningOf } from './evaluate-events.ts'

const { values: options } = parseArgs({ options: { seed: { type: 'string', default: '31' }, count: { type: 'string', default: '30' } } })
const [seed, count] = [Number(options.seed), Number(options.count)]

// The engine returns times only. What it scores is copied on the way.
const recorded: { scores: Float64Array[]; starts: readonly number[]; times: number[] } = { scores: [], starts: [], times: [] }
const { after } = ClipScorer.prototype
ClipScorer.prototype.after = async function (this: ClipScorer, frames: number, answer: AnswerTokens, signal: AbortSignal) {
  const scores = await after.call(this, frames, answer, signal)
  recorded.scores[frames - 1] = scores
  recorded.starts = answer.starts
  recorded.times = this.frames.map(({ time }) => time)
  return scores
}

const folder = await mkdtemp(join(tmpdir(), 'tarsier-record-'))
const engine = new Engine({ model: 'demo', device: 'cpu', home: join(folder, 'home'), cache: false })
try {
  for (let i = 0; i < count; i++) {
    const { scene, shape } = randomSceneClip(new Random(seed, 400_000 + i))
    const path = join(folder, `${i}.mp4`)
    await writeSceneClip(path, scene, shape, seed + i)
    const text = describeScene(scene, false)
    const clip = { path, frames: { kind: 'uniform', count: 16 } } as const
    const turn = { kind: 'ask', text: 'Describe the video in detail.', clip } as const
    for await (const event of engine.timeText(String(i), { turn, text }, new AbortController().signal)) if (event.kind === 'timed') break
    await engine.close(String(i))
    await rm(path)
    for (const [sentence, { phases }] of scene.objects.entries()) {
      const clauses = clausesOf(text).filter((clause) => clause.sentence === sentence)
      for (const [place, phase] of phases.entries()) {
        const clause = clauses[place]
        if (!clause || clauses.length !== phases.length) continue
        const curve = Array.from(curveOf(recorded.scores, recorded.starts, clause), (value) => round(value, 2))
        const begins = round((beginningOf(phase) * (shape.frames - 1)) / shape.rate, 3)
        console.log(JSON.stringify({ clip: i, clause: clause.text, begins, times: recorded.times.map((time) => round(time, 3)), curve }))
      }
    }
  }
} finally {
  await engine[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
