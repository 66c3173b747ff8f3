/**
 * How often the demo model is right on clips it has never seen: draws them from a seed, encodes them as H.264, gives the files to the
 * whole engine and prints fractions. `npm run demo:evaluate -- --seed 7 --count 200 --json`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Engine } from '../../src/engine/engine.ts'
import type { TurnRequest } from '../../src/engine/engine-client.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { Random } from './random.ts'
import { randomSceneClip, writeSceneClip } from './scene-clip.ts'
import { type Score, scoreDescription } from './score.ts'
import { describeQuestion, describeScene, type QuestionKind, questionOf } from './words.ts'

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '7' },
    count: { type: 'string', default: '200' },
    model: { type: 'string', default: 'demo' },
    frames: { type: 'string' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const [seed, count] = [wholeNumber('seed', options.seed), wholeNumber('count', options.count)]
const asked: readonly QuestionKind[] = ['color', 'shape', 'count', 'motion', 'first', 'last', 'background', 'presence']
const sampling = samplingSchema.parse({ maxTokens: 96 })
const signal = new AbortController().signal

const folder = await mkdtemp(join(tmpdir(), 'tarsier-evaluate-'))
const right = new Map<string, number>()
const of = new Map<string, number>()
const engine = new Engine({ model: options.model, device: 'cpu', home: join(folder, 'home'), cache: false })
try {
  const { defaults } = await engine.load(signal)
  const frames = { ...defaults.frames, ...(options.frames !== undefined && { count: wholeNumber('frames', options.frames) }) }
  for (let i = 0; i < count; i++) {
    const random = new Random(seed, 100_000 + i)
    const { scene, shape } = randomSceneClip(random)
    const path = join(folder, `${i}.mp4`)
    await writeSceneClip(path, scene, shape, seed + i)
    const question = describeQuestion(scene, random, false)
    const text = await answerTo(String(i), { kind: 'ask', text: question.question, clip: { path, frames }, sampling })
    for (const [name, [good, all]] of Object.entries(scoreDescription(scene, text)) as [keyof Score, readonly [number, number]][])
      add(name, good, all)
    if (options.verbose && text !== describeScene(scene, false))
      console.error(`${i} said: ${text}\n${' '.repeat(`${i}`.length)} is:   ${describeScene(scene, false)}`)
    for (const kind of asked) {
      const { question, answer } = questionOf(kind, scene, random)
      const said = await answerTo(String(i), { kind: 'edit', turn: 0, text: question, sampling })
      add('question', said.trim() === answer ? 1 : 0, 1)
      add(`question: ${kind}`, said.trim() === answer ? 1 : 0, 1)
      if (options.verbose && said.trim() !== answer) console.error(`${i} ${question} said: ${said} is: ${answer}`)
    }
    await engine.close(String(i))
    await rm(path)
    if (process.stderr.isTTY) process.stderr.write(`\r${i + 1} of ${count} clips`)
  }
} finally {
  await engine[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}
if (process.stderr.isTTY) process.stderr.write('\n')

const figures = ['color', 'shape', 'background', 'motion', 'order', 'question', 'exact'].map((name) => [name, fraction(name)] as const)
if (options.json) console.log(JSON.stringify(Object.fromEntries(figures)))
else
  for (const [name, value] of [...figures, ...asked.map((kind) => [`question: ${kind}`, fraction(`question: ${kind}`)] as const)])
    console.log(`${name.padEnd(22)} ${value.toFixed(3)}`)

async function answerTo(conversation: string, turn: TurnRequest): Promise<string> {
  for await (const event of engine.answer(conversation, turn, signal)) if (event.kind === 'done') return event.answer.text
  throw new Error('The engine ended without an answer.')
}

function add(name: string, good: number, all: number): void {
  right.set(name, (right.get(name) ?? 0) + good)
  of.set(name, (of.get(name) ?? 0) + all)
}

function fraction(name: string): number {
  return Math.round((1000 * (right.get(name) ?? 0)) / (of.get(name) ?? 1)) / 1000
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) {
    console.error(`--${name} must be a whole number from 1 on, not "${text}".`)
    process.exit(2)
  }
  return value
}
