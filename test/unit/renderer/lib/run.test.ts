import { expect, test } from 'vitest'
import { afterEvent, secondsLeft, stageText, startRun, stepOf, timeLeftText } from '../../../../src/renderer/lib/run.ts'
import type { ChatEvent } from '../../../../src/shared/contract/chats.ts'

const frame = (done: number, of: number): ChatEvent => ({ kind: 'frame', frame: { index: done, time: done }, done, of })

test('shows the stages of a run as text', () => {
  const events: ChatEvent[] = [
    { kind: 'queued', ahead: 2 },
    { kind: 'stage', stage: 'loading' },
    frame(7, 16),
    { kind: 'stage', stage: 'thinking' },
    { kind: 'delta', text: 'A ' },
    { kind: 'delta', text: 'cat' },
  ]
  let run = startRun(0)
  const labels = events.map((event) => {
    run = afterEvent(run, event, 1000)
    return `${stepOf(run)} ${stageText(run)}`
  })
  expect(labels).toEqual([
    '-1 Waiting for 2 other questions',
    '-1 Loading the model',
    '1 Encoding frame 7 of 16',
    '2 Processing the prompt',
    '3 Writing',
    '3 Writing',
  ])
  expect(run.text).toBe('A cat')
})

test('estimates the remaining time from encoded frames, and before that from the estimate', () => {
  let run = startRun(0)
  expect(secondsLeft(run, 2000, null)).toBeNull()
  expect(secondsLeft(run, 2000, 5)).toBe(3)
  expect([3, 0.4, secondsLeft(run, 20_000, 1)].map(timeLeftText)).toEqual(['about 3 s left', 'about 1 s left', 'longer than estimated'])
  const queued = afterEvent(run, { kind: 'queued', ahead: 1 }, 1000)
  expect(secondsLeft(queued, 60_000, 5)).toBeNull()
  expect(secondsLeft(afterEvent(queued, { kind: 'stage', stage: 'loading' }, 60_000), 61_000, 5)).toBe(4)
  run = afterEvent(run, frame(1, 8), 2000)
  run = afterEvent(run, frame(3, 8), 4000)
  expect(secondsLeft(run, 4000, 60)).toBe(5)
})
