import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileResponse } from '../../../src/main/file-response.ts'

const folder = mkdtempSync(join(tmpdir(), 'tarsier-response-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'clip')
writeFileSync(file, '0123456789')
const empty = join(folder, 'empty')
writeFileSync(empty, '')

async function got(path: string, range: string | null) {
  const response = await fileResponse(path, 'video/mp4', range)
  const { headers, status } = response
  return [status, await response.text(), headers.get('content-range'), headers.get('content-length')]
}

test.each([
  [null, [200, '0123456789', null, '10']],
  ['bytes=0-', [206, '0123456789', 'bytes 0-9/10', '10']],
  ['bytes=3-5', [206, '345', 'bytes 3-5/10', '3']],
  ['bytes=8-99', [206, '89', 'bytes 8-9/10', '2']],
  ['bytes=-4', [206, '6789', 'bytes 6-9/10', '4']],
  ['bytes=10-', [416, '', 'bytes */10', null]],
  ['lines=1-2', [200, '0123456789', null, '10']],
])('Range %s', async (range, expected) => {
  expect(await got(file, range)).toEqual(expected)
})

test('an empty file has an empty body', async () => {
  expect(await got(empty, null)).toEqual([200, '', null, '0'])
  expect((await got(empty, 'bytes=0-'))[0]).toBe(416)
})

test('sends the content type with nosniff', async () => {
  const { headers, body } = await fileResponse(file, 'video/mp4', null)
  expect([headers.get('content-type'), headers.get('x-content-type-options'), headers.get('accept-ranges')]).toEqual([
    'video/mp4',
    'nosniff',
    'bytes',
  ])
  await body?.cancel()
})

test('rejects folders and missing files', async () => {
  await expect(fileResponse(folder, 'video/mp4', null)).rejects.toThrow()
  await expect(fileResponse(join(folder, 'gone'), 'video/mp4', null)).rejects.toThrow()
})
