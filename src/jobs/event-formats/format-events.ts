import type { ClipEvents } from '../../shared/clip-events.ts'
import { assertNever } from '../../shared/errors.ts'
import type { EventFormat } from '../../shared/event-formats.ts'
import { chapters, expectChapters } from './chapters.ts'
import { csv } from './csv.ts'
import { edl } from './edl.ts'
import { fcpxml } from './fcpxml.ts'
import { json } from './json.ts'
import { markdown } from './markdown.ts'
import { otio } from './otio.ts'
import { premiere } from './premiere.ts'
import { srt } from './srt.ts'
import { expectFrameRate } from './timeline.ts'
import { vtt } from './vtt.ts'

/**
 * Formats the timed events of a clip. Times of editors' formats are frames of the clip, counted from the file's own timecode. Events without a time are
 * in JSON, CSV and Markdown; the other formats list them in comments, if they have any. Throws `format-unsuitable` if the format cannot represent
 * the clip.
 */
export function formatEvents(clip: ClipEvents, format: EventFormat): string {
  switch (format) {
    case 'json':
      return json(clip)
    case 'srt':
      return srt(clip)
    case 'vtt':
      return vtt(clip)
    case 'csv':
      return csv(clip)
    case 'chapters':
      return chapters(clip)
    case 'edl':
      return edl(clip)
    case 'fcpxml':
      return fcpxml(clip)
    case 'premiere':
      return premiere(clip)
    case 'otio':
      return otio(clip)
    case 'markdown':
      return markdown(clip)
    default:
      return assertNever(format, 'event format')
  }
}

/**
 * Throws `format-unsuitable` if a format cannot represent a clip whatever happens in it, so that this is known before the clip is described. The
 * number and length of chapters is only known afterwards.
 */
export function expectSuitable(format: EventFormat, clip: Pick<ClipEvents, 'duration' | 'frameRate'>): void {
  switch (format) {
    case 'json':
    case 'srt':
    case 'vtt':
    case 'csv':
    case 'markdown':
      return
    case 'chapters':
      expectChapters(clip)
      return
    case 'edl':
    case 'fcpxml':
    case 'premiere':
    case 'otio':
      expectFrameRate(clip)
      return
    default:
      assertNever(format, 'event format')
  }
}
