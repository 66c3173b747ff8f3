import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import facts from '../../fixtures/media/media.json' with { type: 'json' }

const { signal } = new AbortController()

async function digests(name: string): Promise<{ kind: string; width: number; height: number; frames: string[] }> {
  await using clip = await openClip(fileURLToPath(new URL(`../../fixtures/media/${name}`, import.meta.url)), signal)
  const { kind, width, height, frameCount } = clip.info
  const frames: string[] = []
  const plan = clip.plan({ kind: 'indices', indices: Array.from({ length: frameCount }, (_, i) => i) })
  for await (const { rgb } of clip.frames(plan, signal, expect.unreachable)) frames.push(createHash('sha256').update(rgb).digest('hex'))
  return { kind, width, height, frames }
}

test.each(Object.entries(facts.clips))('%s equals the bytes of PyAV', async (name, { width, height, frames }) => {
  expect(await digests(name)).toEqual({ kind: 'video', width, height, frames })
})

test.each(Object.entries(facts.gifs).slice(0, 3))('%s equals the bytes of Pillow', async (name, frames) => {
  expect(await digests(name)).toMatchObject({ kind: 'gif', frames })
})

test.each(Object.entries(facts.stills))('%s equals the bytes of Pillow', async (name, frame) => {
  expect(await digests(name)).toEqual({ kind: 'image', width: 45, height: 31, frames: [frame] })
})

test.each(Object.entries(facts.animations))('%s equals the bytes and times of Pillow', async (name, rows) => {
  expect(await digests(name)).toMatchObject({ kind: 'gif', width: 31, height: 23, frames: rows.map(({ sha256 }) => sha256) })
  await using clip = await openClip(fileURLToPath(new URL(`../../fixtures/media/${name}`, import.meta.url)), signal)
  const plan = clip.plan({ kind: 'indices', indices: [...rows.keys()] })
  const starts = rows.map((_, i) => rows.slice(0, i).reduce((sum, { ms }) => sum + ms, 0) / 1000)
  expect(plan.times.map((time) => Math.round(time * 1000))).toEqual(starts.map((time) => Math.round(time * 1000)))
  expect(clip.info.duration).toBeCloseTo(rows.reduce((sum, { ms }) => sum + ms, 0) / 1000, 6)
  expect(clip.info).toMatchObject({ container: name.endsWith('webp') ? 'webp' : 'apng', notices: [] })
})
