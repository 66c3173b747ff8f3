import { writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { areOnePicture, FieldPairs } from '../../../src/engine/media/h264-fields.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { fieldPictures, writeFieldClip } from '../../helpers/field-pictures.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures, readNumber } from '../../helpers/numbered-picture.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const { signal } = new AbortController()
const PICTURES = 40
const GOP = 10
const pictures = () => numberedPictures(PICTURES, 144, 96)

let scratch: ScratchFolder
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  await writeFieldClip(scratch.path('field.ts'), pictures(), GOP, 'field')
  await writeFieldClip(scratch.path('picture.ts'), pictures(), GOP, 'picture')
  await writeFile(scratch.path('stream.h264'), Buffer.concat([...fieldPictures(pictures(), GOP)].flatMap(({ fields }) => fields)))
})
afterAll(() => scratch[Symbol.asyncDispose]())

test.each([
  ['field.ts', 'a time for every field'],
  ['picture.ts', 'a time for every picture'],
  ['stream.h264', 'no times'],
])('pairs of fields are read as frames with the right content: %s, with %s', async (name) => {
  await using clip = await openClip(scratch.path(name), signal)
  expect(clip.info).toMatchObject({ frameCount: PICTURES, rate: 25, duration: PICTURES / 25, constantRate: true, notices: [] })
  const indices = [0, 1, 2, 13, 25, 25, 7, 38, 39]
  const found: (readonly [index: number, number: number, time: number])[] = []
  for await (const frame of clip.frames(clip.plan({ kind: 'indices', indices }), signal, expect.unreachable))
    found.push([frame.index, readNumber(frame), frame.time])
  expect(found).toEqual(indices.map((index) => [index, index, expect.closeTo(index / 25, 6)]))
})

test('reads a stream without fields unchanged', async () => {
  await writeClip(scratch.path('plain.ts'), pictures(), { bFrames: 2 })
  await using clip = await openClip(scratch.path('plain.ts'), signal)
  expect(clip.info).toMatchObject({ frameCount: PICTURES, rate: 25 })
})

test('parses arbitrary parameter sets and slices without reading past their end', () => {
  const [first] = [...fieldPictures(numberedPictures(1, 144, 96), GOP)]
  const [top, bottom] = (first?.fields ?? []).map((field) => Uint8Array.from(field.subarray(0, 100))) as [Uint8Array, Uint8Array]
  const pairs = FieldPairs.of(top)
  const [one, other] = [pairs?.field(top), pairs?.field(bottom)]
  expect(one).toEqual({ frameNum: 0, bottom: false })
  expect(other).toEqual({ frameNum: 0, bottom: true })
  expect(one && other && areOnePicture(one, other)).toBe(true)
  const changes = fc.array(fc.tuple(fc.nat({ max: 99 }), fc.nat({ max: 255 })), { maxLength: 8 })
  fc.assert(
    fc.property(changes, fc.nat({ max: 100 }), (changed, length) => {
      const bytes = Uint8Array.from(top)
      for (const [at, value] of changed) bytes[at] = value
      const hostile = FieldPairs.of(bytes.subarray(0, length)) ?? FieldPairs.of(top)
      hostile?.field(bytes.subarray(0, length))
      hostile?.field(bottom)
    }),
  )
})
