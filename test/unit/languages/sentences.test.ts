import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { deviceCrashed, deviceHung } from '../../../src/engine/devices/device-failure.ts'
import { driverSubject } from '../../../src/engine/devices/device-use.ts'
import { fittedNotice } from '../../../src/engine/estimate/decide-run.ts'
import { planFrames } from '../../../src/engine/media/sampling.ts'
import { exitReason } from '../../../src/platform/exit-reason.ts'
import { setTexts, translate } from '../../../src/shared/translate.ts'

const catalogue = fileURLToPath(new URL('../../../resources/languages/zh-CN.json', import.meta.url))
const timeline = { frameCount: 10, duration: 1, rate: 10, timeOf: (index: number) => index / 10 }
const gpu = driverSubject('vision', 'webgpu', '')

beforeEach(() => setTexts('zh-CN', JSON.parse(readFileSync(catalogue, 'utf8'))))
// All unit tests share a process.
afterEach(() => setTexts('en', {}))

it.each([
  ['fewer frames than wanted', () => planFrames({ kind: 'uniform', count: 16 }, timeline).notices[0]],
  ['frames of a range', () => planFrames({ kind: 'middle', count: 16, range: { unit: 'frames', start: 1, end: 9 } }, timeline).notices[0]],
  ['a frame beyond the end', () => messageOf(() => planFrames({ kind: 'indices', indices: [10] }, timeline))],
  ['fewer frames', () => fittedNotice({ frames: 64, maxPixels: null, from: { frames: 84, maxPixels: null } })],
  ['fewer frames and pixels', () => fittedNotice({ frames: 64, maxPixels: 1000, from: { frames: 84, maxPixels: 2000 } })],
  ['fewer frames as advice', () => 'It fits with 64 frames instead of 84.'],
  ['a crash', () => deviceCrashed({ subject: gpu, work: 'loading', drivers: '' }, exitReason(0xc0000005), '').message],
  ['a device that hangs', () => deviceHung({ subject: gpu, work: 'answering', drivers: '' }, 30).message],
])('translates all words of a sentence that is put together: %s', (_, sentence) => {
  const translated = translate(sentence() ?? '')
  expect(translated).toMatch(/[一-鿿]/)
  // Names stay as they are.
  expect(translated.replaceAll(/WebGPU|webgpu|auto|cpu|0xc0000005/g, '')).not.toMatch(/[A-Za-z]{2,}/)
})

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}
