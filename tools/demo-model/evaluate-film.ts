/**
 * Measures `tarsier events` on a film of moving shapes with a cut between scenes of known times: accuracy, processor time, memory, and whether a run that was killed
 * continues. `npx tsx tools/demo-model/evaluate-film.ts --minutes 120 --scene 60 [--scenes 16] [--seed 5] [--frames 16] [--kill-after 30] [--folder DIR]`. Linux only; needs
 * the built command line.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FFmpegError, FormatContext, Packet } from 'node-av/lib'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { randomScene, type Scene } from '../../src/bench/moving-shapes/scene.ts'
import { writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import { describeScene } from '../../src/bench/moving-shapes/words.ts'
import { Demuxer } from '../../src/engine/media/demuxer.ts'
import { type ClipEvents, clipEventsSchema } from '../../src/shared/clip-events.ts'
import { beginningOf, type EventTimes, figuresOf } from './evaluate-events.ts'

const CLI = fileURLToPath(new URL('../../out/cli/tarsier.js', import.meta.url))
const SHAPE = { width: 320, height: 180, rate: 10, crf: 20 }
/** First random stream; those of the training and of the other evaluations are below. */
const FIRST_STREAM = 500_000
const POLL_MS = 500

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    scene: { type: 'string', default: '10' },
    scenes: { type: 'string', default: '24' },
    seed: { type: 'string', default: '5' },
    frames: { type: 'string', default: '16' },
    'kill-after': { type: 'string' },
    folder: { type: 'string' },
  },
})
const seed = Number(options.seed)
const sceneSeconds = Number(options.scene)
const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'tarsier-film-')))
await mkdir(folder, { recursive: true })
const home = join(folder, 'home')
await rm(home, { recursive: true, force: true })
try {
  const scenes = unlikeScenes(Number(options.scenes))
  const order = Array.from({ length: Math.round((Number(options.minutes) * 60) / sceneSeconds) }, (_, i) => i % scenes.length)
  const film = join(folder, 'film.mp4')
  await writeFilm(film, scenes, order)
  const killAfter = options['kill-after'] === undefined ? null : Number(options['kill-after'])
  const killed = killAfter === null ? null : await runKilled(film, killAfter)
  const kept = killed && segmentsInJournal()
  const run = await runCli(film)
  const hours = Number(options.minutes) / 60
  const figures = Object.fromEntries(
    scored(
      run.events,
      order.map((scene) => scenes[scene] as Scene),
    ),
  )
  const cost = { processorSecondsPerHour: Math.round(run.processorSeconds / hours), peakMegabytes: Math.round(run.peakMegabytes) }
  console.log(JSON.stringify({ ...figures, ...(killed && { segmentsKept: kept }), ...cost, seconds: Math.round(run.seconds) }, null, 2))
} finally {
  if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
}

/** Scenes of which no two neighbours have the same background, also where they repeat. */
function unlikeScenes(count: number): Scene[] {
  const scenes: Scene[] = []
  for (let stream = 0; scenes.length < count; stream += 1) {
    const scene = randomScene(new Random(seed, FIRST_STREAM + stream), { aspect: SHAPE.width / SHAPE.height, phases: 2 })
    const neighbours = [scenes.at(-1), ...(scenes.length === count - 1 ? [scenes[0]] : [])]
    if (!neighbours.some((other) => other?.background === scene.background)) scenes.push(scene)
  }
  return scenes
}

/** Encodes each scene once, and writes their packets one after the other. */
async function writeFilm(path: string, scenes: readonly Scene[], order: readonly number[]): Promise<void> {
  if (existsSync(path)) return
  const frames = sceneSeconds * SHAPE.rate
  const files: string[] = []
  for (const [i, scene] of scenes.entries()) {
    const file = join(folder, `scene-${i}.mp4`)
    await writeSceneClip(file, scene, { ...SHAPE, frames }, seed + i)
    files.push(file)
  }
  const format = new FormatContext()
  check(format.allocOutputContext2(null, 'mp4', path))
  using packet = new Packet()
  packet.alloc()
  for (const [place, scene] of order.entries()) {
    await using source = await Demuxer.open(files[scene] as string, new AbortController().signal)
    if (place === 0) {
      const stream = format.newStream(null)
      check(source.stream.codecpar.copy(stream.codecpar))
      stream.timeBase = source.stream.timeBase
      stream.avgFrameRate = source.stream.avgFrameRate
      check(await format.openOutput())
      check(await format.writeHeader(null))
    }
    const [stream] = format.streams
    if (!stream) throw new Error('the film has no stream')
    const shift = BigInt(Math.round((place * sceneSeconds) / source.secondsPerTick))
    while (await source.read(packet)) {
      packet.pts += shift
      packet.dts += shift
      packet.streamIndex = 0
      packet.rescaleTs(source.stream.timeBase, stream.timeBase)
      check(await format.interleavedWriteFrame(packet))
    }
  }
  check(await format.writeTrailer())
  await format.closeOutput()
}

function startCli(film: string): ChildProcess {
  const own = ['--segment', String(sceneSeconds + 1), '--frames', options.frames, '--home', home, '--device', 'cpu', '--no-cache']
  return spawn(process.execPath, [CLI, 'events', film, ...own], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
}

/** Kills a run and all its processes once it has finished some segments. */
async function runKilled(film: string, segments: number): Promise<true> {
  const child = startCli(film)
  child.stdout?.resume()
  const ended = new Promise((resolve) => child.once('close', resolve))
  while (segmentsInJournal() < segments && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  await ended
  return true
}

function segmentsInJournal(): number {
  const journals = join(home, 'cache', 'events')
  const [name] = existsSync(journals) ? readdirSync(journals) : []
  return name === undefined
    ? 0
    : readFileSync(join(journals, name), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('{"index"')).length
}

async function runCli(film: string) {
  const started = performance.now()
  const child = startCli(film)
  const pieces: Buffer[] = []
  child.stdout?.on('data', (piece: Buffer) => pieces.push(piece))
  const used = new Map<number, number>()
  let peakMegabytes = 0
  const timer = setInterval(() => {
    const processes = descendants(child.pid ?? 0)
    for (const { pid, seconds } of processes) used.set(pid, seconds)
    peakMegabytes = Math.max(
      peakMegabytes,
      processes.reduce((sum, { megabytes }) => sum + megabytes, 0),
    )
  }, POLL_MS)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`tarsier ended with exit status ${String(code)}`)
  const events: ClipEvents = clipEventsSchema.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')))
  const processorSeconds = [...used.values()].reduce((sum, seconds) => sum + seconds, 0)
  return { events, processorSeconds, peakMegabytes, seconds: (performance.now() - started) / 1000 }
}

/** The processes of a group, with their processor seconds and resident anonymous memory. */
function descendants(group: number): { pid: number; seconds: number; megabytes: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      if (Number(fields[2]) !== group) return []
      const kilobytes = Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1] ?? 0)
      return [{ pid: Number(name), seconds: (Number(fields[11]) + Number(fields[12])) / 100, megabytes: kilobytes / 1000 }]
    } catch {
      return [] // it has ended
    }
  })
}

/** Compares the events of the film with its scenes. Errors are parts of a scene's length; events of wrong descriptions are left out. */
function scored({ segments, events }: ClipEvents, scenes: readonly Scene[]): Map<string, number> {
  const times: EventTimes[] = []
  const length = sceneSeconds - 1 / SHAPE.rate
  let right = 0
  let described = 0
  for (const [place, scene] of scenes.entries()) {
    const start = place * sceneSeconds
    const end = start + sceneSeconds
    const own = segments.findIndex((segment) => Math.abs(segment.start - start) < 0.05 && Math.abs(segment.end - end) < 0.05)
    if (own < 0) continue
    right += 1
    if (segments[own]?.text.trim() !== describeScene(scene, false)) continue
    described += 1
    const found = events.filter(({ segment, text }) => segment === own && !text.startsWith('The background'))
    const phases = scene.objects.flatMap((object) => object.phases.map((phase) => ({ phase, object })))
    for (const [i, { phase, object }] of phases.entries()) {
      const begins = found.length === phases.length ? (found[i]?.start ?? null) : null
      const time = begins === null ? null : (begins - start) / length
      times.push({
        clip: place,
        event: `${object.color} ${object.shape} ${phase.motion}`,
        begins: beginningOf(phase),
        found: time,
        refined: time,
      })
    }
  }
  const shares = [
    ['scenes', scenes.length],
    ['segments', segments.length],
    ['scenes that are a segment', right / scenes.length],
    ['scenes described without an error', described / scenes.length],
  ] as const
  const figures = [...figuresOf(times)].filter(([name]) => !name.startsWith('zoom '))
  return new Map<string, number>([...shares, ...figures])
}

function check(code: number): void {
  if (code < 0) throw new Error(FFmpegError.strerror(code))
}
