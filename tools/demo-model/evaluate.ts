/**
 * Prints the demo model's accuracy, in fractions, on unseen clips, through H.264 files and the whole engine. `npm run demo:evaluate -- --seed 7
 * --count 200 --json`. With `--events`, how well the times of the events in its descriptions are found; `--verbose` prints each of them.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Engine } from '../../src/engine/engine.ts'
import { evaluateClips } from './evaluate-clips.ts'
import { evaluateEvents } from './evaluate-events.ts'

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '7' },
    count: { type: 'string', default: '200' },
    model: { type: 'string', default: 'demo' },
    frames: { type: 'string' },
    events: { type: 'boolean', default: false },
    precision: { type: 'string', default: '0.05' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const [seed, count] = [wholeNumber('seed', options.seed), wholeNumber('count', options.count)]

const folder = await mkdtemp(join(tmpdir(), 'tarsier-evaluate-'))
const engine = new Engine({ model: options.model, device: 'cpu', home: join(folder, 'home'), cache: false })
try {
  const onClip = (done: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${count} clips${done === count ? '\n' : ''}`)
  }
  const figures = options.events
    ? await evaluateEvents(engine, {
        seed,
        count,
        folder,
        frames: wholeNumber('frames', options.frames ?? '16'),
        precision: Number(options.precision),
        onEvent(times) {
          if (options.verbose) console.error(JSON.stringify(times))
        },
        onClip,
      })
    : await evaluateClips(engine, {
        seed,
        count,
        folder,
        ...(options.frames !== undefined && { frames: wholeNumber('frames', options.frames) }),
        onFault(clip, asked, said, right) {
          if (options.verbose) console.error(`${clip} ${asked}\n  said: ${said}\n  is:   ${right}`)
        },
        onClip,
      })
  const main = options.events ? [...figures.keys()] : ['color', 'shape', 'background', 'motion', 'order', 'question', 'exact']
  if (options.json) console.log(JSON.stringify(Object.fromEntries(main.map((name) => [name, figures.get(name)]))))
  else for (const [name, value] of figures) console.log(`${name.padEnd(22)} ${value.toFixed(options.events ? 4 : 3)}`)
} finally {
  await engine[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) {
    console.error(`--${name} must be a whole number from 1 on, not "${text}".`)
    process.exit(2)
  }
  return value
}
