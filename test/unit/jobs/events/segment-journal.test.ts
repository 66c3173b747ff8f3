import { existsSync } from 'node:fs'
import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SegmentJournal } from '../../../../src/jobs/events/segment-journal.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const SEGMENT = { text: 'A red circle moves.', clauses: [], notices: [], damaged: false, timings: { answer: 1, score: 1, zoom: 0 } }
const DAY_MS = 24 * 60 * 60 * 1000

let scratch: ScratchFolder
let clip: string
beforeEach(async () => {
  scratch = await ScratchFolder.make()
  clip = await scratch.write('clip.mp4', 'video')
})
afterEach(() => scratch[Symbol.asyncDispose]())

/** Stores a segment as an interrupted run does. */
async function interrupted(weights: string): Promise<void> {
  const journal = await new SegmentJournal(scratch.directory).open(clip, { weights })
  await journal.add(0, SEGMENT)
  await journal.close()
}

/** Number of segments that a run takes from an earlier one. */
async function kept(weights: string): Promise<number> {
  const journal = await new SegmentJournal(scratch.directory).open(clip, { weights })
  await journal.close()
  return journal.segments.size
}

it('keeps segments for the same weights and the same file only', async () => {
  await interrupted('first')
  expect(await kept('first')).toBe(1)
  expect(await kept('second')).toBe(0)
  await scratch.write('clip.mp4', 'another video')
  expect(await kept('first')).toBe(0)
})

it('removes the segments of other runs that were never continued', async () => {
  await interrupted('old')
  const folder = scratch.path(join('cache', 'events'))
  const [name = ''] = await readdir(folder)
  const past = new Date(Date.now() - 91 * DAY_MS)
  await utimes(join(folder, name), past, past)
  await interrupted('new')
  expect(existsSync(join(folder, name))).toBe(false)
  expect(await kept('new')).toBe(1)
})
