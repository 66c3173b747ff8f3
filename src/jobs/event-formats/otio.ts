import type { ClipEvents } from '../../shared/clip-events.ts'
import { clipName, clipUrl } from './clip-file.ts'
import { jsonText } from './json.ts'
import { oneLine } from './plain-text.ts'
import { timedEvents, untimedEvents } from './timed-events.ts'
import { frameAfter, frameAt, type Timeline, timelineOf } from './timeline.ts'

/** OpenTimelineIO: a timeline with the clip, whose markers are the events (blue) and chapters (green) in the file's own time. */
export function otio(clip: ClipEvents): string {
  const timeline = timelineOf(clip)
  const name = clipName(clip)
  const whole = timeRange(timeline, timeline.startFrame, timeline.frames)
  const item = {
    OTIO_SCHEMA: 'Clip.2',
    name,
    metadata: {},
    source_range: whole,
    effects: [],
    markers: markers(clip, timeline),
    enabled: true,
    media_references: {
      DEFAULT_MEDIA: {
        OTIO_SCHEMA: 'ExternalReference.1',
        name,
        metadata: {},
        available_range: whole,
        available_image_bounds: null,
        target_url: clipUrl(clip, 'plain'),
      },
    },
    active_media_reference_key: 'DEFAULT_MEDIA',
  }
  const document = {
    OTIO_SCHEMA: 'Timeline.1',
    name,
    metadata: {
      tarsier: {
        model: clip.model,
        summary: clip.summary,
        notices: [...clip.notices, ...timeline.notices],
        untimed_events: untimedEvents(clip).map(({ text, confidence }) => ({ text, confidence })),
      },
    },
    global_start_time: rationalTime(timeline, timeline.startFrame),
    tracks: {
      OTIO_SCHEMA: 'Stack.1',
      name: 'tracks',
      metadata: {},
      source_range: null,
      effects: [],
      markers: [],
      enabled: true,
      children: [
        {
          OTIO_SCHEMA: 'Track.1',
          name: 'V1',
          metadata: {},
          source_range: null,
          effects: [],
          markers: [],
          enabled: true,
          kind: 'Video',
          children: [item],
        },
      ],
    },
  }
  return jsonText(document)
}

function markers(clip: ClipEvents, timeline: Timeline): object[] {
  const marker = (text: string, color: string, comment: string, first: number, after: number, metadata: object) => ({
    OTIO_SCHEMA: 'Marker.2',
    name: oneLine(text),
    metadata,
    color,
    comment,
    marked_range: timeRange(timeline, timeline.startFrame + first, after - first),
  })
  return [
    ...clip.chapters.map(({ start, title }) => {
      const first = frameAt(timeline, start)
      return marker(title, 'GREEN', 'Chapter', first, first + 1, {})
    }),
    ...timedEvents(clip).map(({ start, end, text, confidence, segment }) => {
      const first = frameAt(timeline, start)
      const after = end === null ? first + 1 : frameAfter(timeline, first, end)
      return marker(text, 'BLUE', `Confidence ${confidence.toFixed(2)}`, first, after, { tarsier: { start, end, confidence, segment } })
    }),
  ]
}

function timeRange(timeline: Timeline, start: number, duration: number): object {
  return { OTIO_SCHEMA: 'TimeRange.1', start_time: rationalTime(timeline, start), duration: rationalTime(timeline, duration) }
}

function rationalTime({ rate }: Timeline, frame: number): object {
  return { OTIO_SCHEMA: 'RationalTime.1', value: frame, rate: rate.numerator / rate.denominator }
}
