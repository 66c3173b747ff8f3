import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from '@playwright/test'
import { newId } from '../../src/library/ids.ts'
import { Library } from '../../src/library/library.ts'
import type { ClipEvents } from '../../src/shared/clip-events.ts'
import { writeClip } from '../../test/helpers/make-clip.ts'
import { seen } from '../../test/unit/library/scratch-library.ts'
import { turnOf } from './page-library.ts'
import { type Motion, timeMotion } from './page-motion.ts'

const NAME = 'two-hours.mp4'
const SECONDS = 7200
/** Frames per second: few, because only the page is measured. */
const RATE = 2
const WIDTH = 160
const HEIGHT = 90
/** Described in segments of a minute, as long films are, with an event every three seconds. */
const SEGMENT_SECONDS = 60
const EVENT_SECONDS = 3
/** Turns of the wheel to the highest magnification, and pixels of each. */
const ZOOM_STEPS = 90
const ZOOM_PIXELS = 10
const SCROLL_STEPS = 60
const SCROLL_PIXELS = 400
const SCRUB_STEPS = 180

/** Adds a conversation about a clip of two hours with 2,400 events to a library. */
export async function addLongClip(home: string): Promise<void> {
  const folder = join(home, 'clips')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, NAME)
  await writeClip(path, pictures(), { rate: [RATE, 1], gop: 10 * RATE, options: { preset: 'ultrafast', crf: '30' } })
  const { size, mtimeMs } = statSync(path)
  const facts = { width: WIDTH, height: HEIGHT, frameCount: SECONDS * RATE, rate: RATE, duration: SECONDS, bytes: size }
  using library = new Library(home)
  library.transaction(() => {
    const { key } = library.clips.add({ ...seen(path, facts), bytes: size, modified: mtimeMs })
    library.events.put(key, {}, manyEvents(path))
    const created = Date.now()
    library.chats.restore(key, { id: newId(), title: null, created, updated: created }, [turnOf(0, 0, created)])
  })
}

/** Zooms in, scrolls and zooms out, and then drags over the whole ruler, once over the whole clip and once at a high magnification. */
export async function moveTimeline(page: Page): Promise<Motion[]> {
  await page.getByRole('region', { name: 'Conversations' }).getByText(NAME).first().click()
  const timeline = page.getByRole('region', { name: 'Timeline of the clip' })
  await page.getByRole('img', { name: /^Timeline of [\d,]+ events/ }).waitFor()
  const zoom = async (direction: 1 | -1) => {
    await timeline.hover({ position: { x: 300, y: 40 } })
    await page.keyboard.down('Control')
    for (let step = 0; step < ZOOM_STEPS; step++) await page.mouse.wheel(0, -direction * ZOOM_PIXELS)
    await page.keyboard.up('Control')
    return ZOOM_STEPS
  }
  const scroll = async () => {
    await timeline.hover({ position: { x: 300, y: 40 } })
    for (let step = 0; step < SCROLL_STEPS; step++) await page.mouse.wheel(SCROLL_PIXELS, 0)
    return SCROLL_STEPS
  }
  return [
    await timeMotion(page, 'scrubbing through two hours', () => scrub(page, timeline)),
    await timeMotion(page, 'zooming into two hours', () => zoom(1)),
    await timeMotion(page, 'scrolling a magnified timeline', scroll),
    await timeMotion(page, 'scrubbing in a magnified timeline', () => scrub(page, timeline)),
    await timeMotion(page, 'zooming out of it', () => zoom(-1)),
  ]
}

async function scrub(page: Page, timeline: Locator): Promise<number> {
  const box = await timeline.boundingBox()
  if (!box) throw new Error('there is no timeline')
  const y = box.y + 10
  const x = (step: number) => box.x + 10 + ((box.width - 20) * step) / SCRUB_STEPS
  await page.mouse.move(x(0), y)
  await page.mouse.down()
  for (let step = 1; step <= SCRUB_STEPS; step++) await page.mouse.move(x(step), y)
  await page.mouse.up()
  return SCRUB_STEPS
}

function* pictures(): Generator<{ width: number; height: number; rgb: Uint8Array }> {
  for (let index = 0; index < SECONDS * RATE; index++) {
    const rgb = Buffer.alloc(WIDTH * HEIGHT * 3, 40 + ((index * 7) % 160))
    const left = index % (WIDTH - 20)
    for (let y = 30; y < 50; y++) rgb.fill(240, (y * WIDTH + left) * 3, (y * WIDTH + left + 20) * 3)
    yield { width: WIDTH, height: HEIGHT, rgb }
  }
}

function manyEvents(file: string): ClipEvents {
  const segments = Array.from({ length: SECONDS / SEGMENT_SECONDS }, (_, i) => ({
    start: i * SEGMENT_SECONDS,
    end: (i + 1) * SEGMENT_SECONDS,
    text: `In part ${i + 1} a square moves to the right over a ground that changes.`,
  }))
  const events = Array.from({ length: SECONDS / EVENT_SECONDS }, (_, i) => ({
    text: `the square passes mark ${i + 1}`,
    start: i * EVENT_SECONDS,
    end: i * EVENT_SECONDS + EVENT_SECONDS + (i % 4),
    confidence: 0.5 + (i % 50) / 100,
    segment: Math.floor((i * EVENT_SECONDS) / SEGMENT_SECONDS),
  }))
  return {
    file,
    duration: SECONDS,
    frameRate: { numerator: RATE, denominator: 1 },
    variableRate: false,
    startTimecode: null,
    model: 'demo',
    segments,
    events,
    chapters: segments.filter((_, i) => i % 10 === 0).map(({ start }, i) => ({ start, title: `Chapter ${i + 1}` })),
    summary: null,
    summarizedByModel: true,
    notices: [],
    timings: {},
  }
}
