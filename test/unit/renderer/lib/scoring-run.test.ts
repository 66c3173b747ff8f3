import { expect, test } from 'vitest'
import {
  afterFind,
  afterScoring,
  type FindRun,
  findCountText,
  findShare,
  findText,
  newFind,
  newScoring,
  scoringShare,
  scoringText,
} from '../../../../src/renderer/lib/scoring-run.ts'
import type { ScoringProgress } from '../../../../src/shared/contract/events.ts'

test('shows the stages of scoring', () => {
  const events: ScoringProgress[] = [
    { kind: 'queued', ahead: 1 },
    { kind: 'stage', stage: 'loading' },
    { kind: 'frame', frame: { index: 4, time: 0.5 }, done: 2, of: 8 },
    { kind: 'delta', text: 'A' },
    { kind: 'scored', done: 3, of: 4 },
    { kind: 'notice', text: 'The file is damaged.' },
    { kind: 'notice', text: 'The file is damaged.' },
  ]
  let run = newScoring
  const shown = events.map((event) => {
    run = afterScoring(run, event)
    return [scoringText(run), scoringShare(run)]
  })
  expect(shown.slice(0, 5)).toEqual([
    ['Waiting for one other question', null],
    ['Loading the model', null],
    ['Encoding frame 2 of 8', 0.25],
    ['Writing', null],
    ['Scoring frame 3 of 4', 0.75],
  ])
  expect(run.notices).toEqual(['The file is damaged.'])
})

test('a search for events collects segments, and tells the time left', () => {
  const segment = (done: number, secondsLeft: number | null) => ({
    kind: 'segment' as const,
    done,
    of: 3,
    segment: { start: done, end: done + 1, text: `part ${done}` },
    events: [{ text: 'it grows', start: done, end: null, confidence: 1, segment: done - 1 }],
    secondsLeft,
  })
  const states: FindRun[] = [afterFind(newFind, { kind: 'shots', seconds: 5, duration: 20 })]
  for (const event of [segment(1, null), { kind: 'stage', stage: 'writing' } as const, segment(2, 90)]) {
    states.push(afterFind(states.at(-1) ?? newFind, event))
  }
  expect(states.map((run) => [findText(run), findShare(run), findCountText(run)])).toEqual([
    ['Searching for shot changes', 0.25, ''],
    ['Preparing', 1 / 3, '1 of 3 segments'],
    ['Writing', 1 / 3, '1 of 3 segments'],
    ['Preparing', 2 / 3, '2 of 3 segments · about 1 min 30 s left'],
  ])
  const last = states.at(-1) ?? newFind
  expect(last.segments.map(({ text }) => text)).toEqual(['part 1', 'part 2'])
  expect(last.events.map(({ segment: index }) => index)).toEqual([0, 1])
  expect(findCountText({ ...last, running: false })).toBe('2 of 3 segments')
})
