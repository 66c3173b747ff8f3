import type { ClipEvents } from '../../shared/clip-events.ts'
import { clipName, clipUrl } from './clip-file.ts'
import { timedEvents, untimedNotes } from './timed-events.ts'
import { frameAfter, frameAt, type Timeline, timecodeAt, timelineOf } from './timeline.ts'
import { element, textElement, type XmlElement, xmlDocument } from './xml.ts'

/**
 * FCPXML 1.10: a project with the clip, events as markers, chapters as chapter markers, both in the clip's own time. Final Cut Pro's markers have no
 * length, so the end of an event is in its note.
 */
export function fcpxml(clip: ClipEvents): string {
  const timeline = timelineOf(clip)
  const name = clipName(clip)
  const start = frameTime(timeline, timeline.startFrame)
  const duration = frameTime(timeline, timeline.frames)
  const tcFormat = timeline.dropFrame ? 'DF' : 'NDF'
  const size = clip.size && { width: String(clip.size.width), height: String(clip.size.height) }
  const root = element('fcpxml', { version: '1.10' }, [
    element('resources', {}, [
      element('format', { id: 'r1', frameDuration: frameTime(timeline, 1), ...size }),
      element('asset', { id: 'r2', name, start, duration, hasVideo: '1', videoSources: '1', format: 'r1' }, [
        element('media-rep', { kind: 'original-media', src: clipUrl(clip, 'plain') }),
      ]),
    ]),
    element('library', {}, [
      element('event', { name }, [
        element('project', { name }, [
          element('sequence', { format: 'r1', duration, tcStart: start, tcFormat }, [
            element('spine', {}, [
              element('asset-clip', { ref: 'r2', offset: start, name, start, duration, format: 'r1', tcFormat }, [
                ...(clip.summary === null ? [] : [textElement('note', clip.summary)]),
                ...markers(clip, timeline),
              ]),
            ]),
          ]),
        ]),
      ]),
    ]),
  ])
  return xmlDocument(root, [...clip.notices, ...timeline.notices, ...untimedNotes(clip)])
}

function markers(clip: ClipEvents, timeline: Timeline): XmlElement[] {
  const at = (frame: number) => ({ start: frameTime(timeline, timeline.startFrame + frame), duration: frameTime(timeline, 1) })
  return [
    ...clip.chapters.map(({ start, title }) =>
      element('chapter-marker', { ...at(frameAt(timeline, start)), value: title, posterOffset: '0s' }),
    ),
    ...timedEvents(clip).map(({ start, end, text, confidence }) => {
      const frame = frameAt(timeline, start)
      const until = end === null ? '' : `until ${timecodeAt(timeline, frameAfter(timeline, frame, end))}, `
      return element('marker', { ...at(frame), value: text, note: `${until}confidence ${confidence.toFixed(2)}` })
    }),
  ]
}

/** Time of a frame as an exact fraction of seconds in lowest terms, such as 1001/30000s. The numbers may exceed what a `number` counts exactly. */
function frameTime({ rate }: Timeline, frame: number): string {
  const numerator = BigInt(frame) * BigInt(rate.denominator)
  const denominator = BigInt(rate.numerator)
  const divisor = greatestDivisor(numerator, denominator)
  return denominator === divisor ? `${numerator / divisor}s` : `${numerator / divisor}/${denominator / divisor}s`
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestDivisor(b, a % b)
}
