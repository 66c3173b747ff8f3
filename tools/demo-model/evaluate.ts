/**
 * Prints the demo model's accuracy, in fractions, on unseen clips, through H.264 files and the whole engine. `npm run demo:evaluate -- --seed 7
 * --count 200 --json`. `--only NAME` runs one of the parts below. `--real FOLDER` adds files of other things than drawn shapes, on which the model must
 * say that it does not know them. With `--events`, how well the times of the events in its descriptions are found; with `--check`, how well false
 * statements in captions are found. `--verbose` prints every fault.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Engine } from '../../src/engine/engine.ts'
import { Asker, type Evaluation, type Figures, figuresOf } from './asker.ts'
import { evaluateAnswers, evaluateChoices, evaluateConversations, evaluateFrames, evaluateTimes } from './evaluate-answers.ts'
import { evaluateCheck } from './evaluate-check.ts'
import { evaluateEvents } from './evaluate-events.ts'
import { evaluateOwn, evaluateReal, evaluateWordings } from './evaluate-limits.ts'

const parts: Readonly<Record<string, Evaluation>> = {
  answers: evaluateAnswers,
  conversations: evaluateConversations,
  frames: evaluateFrames,
  choices: evaluateChoices,
  times: evaluateTimes,
  wordings: evaluateWordings,
  own: evaluateOwn,
  real: evaluateReal,
}

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '7' },
    count: { type: 'string', default: '200' },
    model: { type: 'string', default: 'demo' },
    frames: { type: 'string' },
    only: { type: 'string', multiple: true },
    real: { type: 'string' },
    events: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    precision: { type: 'string', default: '0.05' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const [seed, count] = [wholeNumber('seed', options.seed), wholeNumber('count', options.count)]
const unknown = options.only?.find((name) => !(name in parts))
if (unknown !== undefined) fail(`--only takes ${Object.keys(parts).join(', ')}, not "${unknown}".`)

const folder = await mkdtemp(join(tmpdir(), 'tarsier-evaluate-'))
const engine = new Engine({ model: options.model, device: 'cpu', home: join(folder, 'home'), cache: false })
try {
  const figures = await measure()
  if (options.json) console.log(JSON.stringify(Object.fromEntries(figures)))
  else for (const [name, value] of figures) console.log(`${name.padEnd(32)} ${value.toFixed(options.events || options.check ? 4 : 3)}`)
} finally {
  await engine[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<Figures> {
  const onClip = (done: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${count} clips${done === count ? '\n' : ''}`)
  }
  const common = { seed, count, folder, onClip }
  const frames = options.frames === undefined ? undefined : wholeNumber('frames', options.frames)
  const tell = (item: unknown) => {
    if (options.verbose) console.error(JSON.stringify(item))
  }
  if (options.events)
    return evaluateEvents(engine, { ...common, frames: frames ?? 16, precision: Number(options.precision), onEvent: tell })
  if (options.check) return evaluateCheck(engine, { ...common, frames: frames ?? 16, onPair: (clip, pair) => tell({ clip, ...pair }) })
  const chosen = Object.entries(parts).flatMap(([name, part]) => (!options.only || options.only.includes(name) ? [part] : []))
  return figuresOf(chosen, { asker: new Asker(engine), seed, count, frames, folder, real: options.real }, tell)
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) fail(`--${name} must be a whole number from 1 on, not "${text}".`)
  return value
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
