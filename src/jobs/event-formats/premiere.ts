import type { ClipEvents } from '../../shared/clip-events.ts'
import { clipName, clipUrl } from './clip-file.ts'
import { timedEvents, untimedNotes } from './timed-events.ts'
import { frameAfter, frameAt, type Timeline, timecodeAt, timelineOf } from './timeline.ts'
import { element, textElement, type XmlElement, xmlDocument } from './xml.ts'

/** Final Cut Pro 7 XML (`xmeml` 5), as Premiere Pro imports it: a sequence with the clip, and events and chapters as markers of the sequence. */
export function premiere(clip: ClipEvents): string {
  const timeline = timelineOf(clip)
  const name = clipName(clip)
  const rate = element('rate', {}, [
    textElement('timebase', timeline.base),
    textElement('ntsc', timeline.rate.denominator === 1001 ? 'TRUE' : 'FALSE'),
  ])
  const timecode = element('timecode', {}, [
    rate,
    textElement('string', timecodeAt(timeline, 0)),
    textElement('frame', timeline.startFrame),
    textElement('displayformat', timeline.dropFrame ? 'DF' : 'NDF'),
  ])
  const duration = textElement('duration', timeline.frames)
  const picture = element('samplecharacteristics', {}, [
    rate,
    ...(clip.size ? [textElement('width', clip.size.width), textElement('height', clip.size.height)] : []),
  ])
  const file = element('file', { id: 'file-1' }, [
    textElement('name', name),
    textElement('pathurl', clipUrl(clip, 'premiere')),
    rate,
    duration,
    timecode,
    element('media', {}, [element('video', {}, [duration, picture])]),
  ])
  const item = element('clipitem', { id: 'clipitem-1' }, [
    textElement('name', name),
    textElement('enabled', 'TRUE'),
    duration,
    rate,
    textElement('start', 0),
    textElement('end', timeline.frames),
    textElement('in', 0),
    textElement('out', timeline.frames),
    file,
  ])
  const root = element('xmeml', { version: '5' }, [
    element('sequence', { id: 'sequence-1' }, [
      textElement('name', name),
      duration,
      rate,
      timecode,
      element('media', {}, [element('video', {}, [element('format', {}, [picture]), element('track', {}, [item])])]),
      ...markers(clip, timeline),
    ]),
  ])
  return xmlDocument(root, [...clip.notices, ...timeline.notices, ...untimedNotes(clip)])
}

/** Markers by frame of the sequence; -1 is the end of one that has no length. */
function markers(clip: ClipEvents, timeline: Timeline): XmlElement[] {
  const marker = (name: string, comment: string, first: number, after: number) =>
    element('marker', {}, [textElement('name', name), textElement('comment', comment), textElement('in', first), textElement('out', after)])
  return [
    ...clip.chapters.map(({ start, title }) => marker(title, 'Chapter', frameAt(timeline, start), -1)),
    ...timedEvents(clip).map(({ start, end, text, confidence }) => {
      const first = frameAt(timeline, start)
      return marker(text, `Confidence ${confidence.toFixed(2)}`, first, end === null ? -1 : frameAfter(timeline, first, end))
    }),
  ]
}
