/** What a user sees of a format. */
interface EventFormatInfo {
  /** What the format is, and which programs read it. */
  readonly title: string
  /** Ending of the file's name, without the first dot. Some have two parts, so that they differ from a clip's other text files. */
  readonly extension: string
  readonly mediaType: string
}

/** Formats in which the timed events of a clip can be exported. */
export const eventFormatInfo = {
  json: { title: 'JSON (everything, for programs)', extension: 'events.json', mediaType: 'application/json' },
  srt: { title: 'SubRip subtitles', extension: 'srt', mediaType: 'application/x-subrip' },
  vtt: { title: 'WebVTT subtitles (browsers)', extension: 'vtt', mediaType: 'text/vtt' },
  csv: { title: 'CSV (spreadsheets)', extension: 'events.csv', mediaType: 'text/csv' },
  chapters: { title: 'YouTube chapters', extension: 'chapters.txt', mediaType: 'text/plain' },
  edl: { title: 'EDL with markers (DaVinci Resolve)', extension: 'edl', mediaType: 'text/plain' },
  fcpxml: { title: 'FCPXML (Final Cut Pro, DaVinci Resolve)', extension: 'fcpxml', mediaType: 'application/xml' },
  premiere: { title: 'Final Cut Pro 7 XML (Premiere Pro)', extension: 'premiere.xml', mediaType: 'application/xml' },
  otio: { title: 'OpenTimelineIO', extension: 'otio', mediaType: 'application/json' },
  markdown: { title: 'Markdown', extension: 'events.md', mediaType: 'text/markdown' },
} as const satisfies Record<string, EventFormatInfo>

export type EventFormat = keyof typeof eventFormatInfo

export const eventFormats = Object.keys(eventFormatInfo) as [EventFormat, ...EventFormat[]]
