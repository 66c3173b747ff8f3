import type { TimedClause, TimedText } from '../../shared/timed-text.ts'
import type { TimeEvent } from '../engine-client.ts'
import { clausesOf } from '../events/clauses.ts'
import { curveOf, findOnset } from '../events/onsets.ts'
import { consistentOnsets, type FoundOnset, saysThen } from '../events/order.ts'
import { supportOf } from '../events/support.ts'
import type { AnswerTokens } from './answer-tokens.ts'
import type { ClipScorer } from './clip-scorer.ts'
import { Stopwatch } from './stopwatch.ts'
import { zoomIn } from './zoom-in.ts'

/**
 * Times the clauses of a text and scores its words, by the text's likelihood after each frame of the clip: a clause becomes likely when the clip
 * shows it. Yields `scored` after each prefix, then `timed`.
 * @param precision seconds to which times are refined with further frames; null for none
 */
export async function* timeText(
  scorer: ClipScorer,
  answer: AnswerTokens,
  precision: number | null,
  signal: AbortSignal,
): AsyncGenerator<TimeEvent, void> {
  const { text } = answer
  const [score, zoom] = [new Stopwatch(), new Stopwatch()]
  const of = scorer.frames.length
  const withoutClip = await score.time(() => scorer.withoutClip(answer, signal))
  const curves: Float64Array[] = []
  for (let frames = 1; frames <= of; frames += 1) {
    curves.push(await score.time(() => scorer.after(frames, answer, signal)))
    yield { kind: 'scored', done: frames, of }
  }
  const times = scorer.frames.map(({ time }) => time)
  const found: FoundOnset[] = []
  const cut = clausesOf(text)
  for (const [place, clause] of cut.entries()) {
    const follows = cut[place - 1]?.sentence === clause.sentence && saysThen(clause.text) ? place - 1 : null
    const coarse = times.length < 2 ? null : findOnset(curveOf(curves, answer.starts, clause), times)
    const refined =
      coarse === null || precision === null
        ? coarse
        : await zoom.time(() => zoomIn(scorer, answer, clause, { precision, scores: curves }, signal))
    found.push({ coarse, refined, follows })
  }
  const onsets = consistentOnsets(found, ((times.at(-1) ?? 0) - (times[0] ?? 0)) / Math.max(1, times.length - 1))
  const parts = cut.map(({ subject, ...place }, i) => {
    const onset = onsets[i] ?? null
    const time = onset?.time ?? null
    // A time between two frames is an estimate, which may lie before the first frame.
    const begins = time === null ? null : Math.max(0, time)
    return { subject, clause: { ...place, begins, ends: null, confidence: onset?.confidence ?? 0 } }
  })
  const clauses = withEnds(parts, scorer.clip.info.duration)
  const sentences = supportOf(answer, { withClip: curves.at(-1) ?? withoutClip, withoutClip })
  const timed: TimedText = {
    text,
    clauses,
    sentences: sentences.map((sentence, i) => ({ ...sentence, ...spanOf(clauses.filter(({ sentence: of }) => of === i)) })),
    timings: { score: score.milliseconds, zoom: zoom.milliseconds },
  }
  yield { kind: 'timed', timed }
}

/** Scores the words of a text with the whole clip and without it. Yields `scored`, then `timed` without times. */
export async function* supportText(scorer: ClipScorer, answer: AnswerTokens, signal: AbortSignal): AsyncGenerator<TimeEvent, void> {
  const score = new Stopwatch()
  const of = scorer.frames.length
  const withoutClip = await score.time(() => scorer.withoutClip(answer, signal))
  const withClip = await score.time(() => scorer.after(of, answer, signal))
  yield { kind: 'scored', done: of, of }
  const sentences = supportOf(answer, { withClip, withoutClip }).map((sentence) => ({ ...sentence, begins: null, ends: null }))
  yield { kind: 'timed', timed: { text: answer.text, clauses: [], sentences, timings: { score: score.milliseconds, zoom: 0 } } }
}

/** A clause ends where the next one of the same subject begins, or with the clip. */
function withEnds(clauses: readonly { readonly subject: string; readonly clause: TimedClause }[], duration: number): TimedClause[] {
  return clauses.map(({ subject, clause }, i) => {
    if (clause.begins === null) return clause
    const { begins } = clause
    const next = clauses.slice(i + 1).filter((other) => other.subject === subject)
    const known = next.find(({ clause: { begins: later } }) => later !== null && later > begins)
    // Further events of the subject without a time leave the end open.
    if (next.length > 0) return { ...clause, ends: known?.clause.begins ?? null }
    return { ...clause, ends: duration }
  })
}

function spanOf(clauses: readonly TimedClause[]): { readonly begins: number | null; readonly ends: number | null } {
  const begins = clauses.flatMap(({ begins: time }) => (time === null ? [] : [time]))
  if (begins.length === 0) return { begins: null, ends: null }
  const ends = clauses.map(({ ends: time }) => time)
  return { begins: Math.min(...begins), ends: ends.includes(null) ? null : Math.max(...ends.map((time) => time ?? 0)) }
}
