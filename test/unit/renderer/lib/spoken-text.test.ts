import { expect, test } from 'vitest'
import { afterEvent, startRun } from '../../../../src/renderer/lib/run.ts'
import { spokenText } from '../../../../src/renderer/lib/spoken-text.ts'
import type { ChatEvent } from '../../../../src/shared/contract/chats.ts'

const frame = (done: number): ChatEvent => ({ kind: 'frame', frame: { index: done, time: done }, done, of: 3 })

test('each stage is said once, also those after writing, and then the answer', () => {
  const events: ChatEvent[] = [
    { kind: 'stage', stage: 'probing' },
    frame(1),
    frame(2),
    { kind: 'delta', text: 'A ' },
    { kind: 'delta', text: 'cat.' },
    { kind: 'stage', stage: 'rewriting' },
    { kind: 'stage', stage: 'checking' },
  ]
  let run = startRun(0)
  const said = [spokenText(run, undefined)]
  for (const event of events) {
    run = afterEvent(run, event, 1000)
    said.push(spokenText(run, undefined))
  }
  expect(said).toEqual([
    'Preparing',
    'Reading the clip',
    'Encoding the clip',
    'Encoding the clip',
    'Writing',
    'Writing',
    'Rewriting the caption',
    'Checking the caption against the clip',
  ])
  expect(spokenText(null, { state: 'done', text: 'A cat.' })).toBe('Answer: A cat.')
  expect(spokenText(null, { state: 'stopped', text: 'A' })).toBe('Stopped.')
  expect(spokenText(null, { state: 'failed', text: '' })).toBe('')
})
