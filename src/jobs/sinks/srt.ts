import { textLines } from '../event-formats/plain-text.ts'

/** A subtitle; times in seconds from the start of the clip. */
export interface Cue {
  readonly start: number
  /** Subtitles are shown for at least a second, even if `end` is earlier, as for a picture. */
  readonly end: number
  readonly text: string
}

/** Formats subtitles as a SubRip file. */
export function srtText(cues: readonly Cue[]): string {
  return cues
    .map(({ start, end, text }, i) => {
      // SubRip has no escapes, and readers take any line with this arrow for the times of the next subtitle.
      const lines = textLines(text).replaceAll('-->', '->')
      return `${i + 1}\n${clockTime(start, ',')} --> ${clockTime(Math.max(start + 1, end), ',')}\n${lines}\n`
    })
    .join('\n')
}

/** Formats a time, such as 01:02:03,456. */
export function clockTime(seconds: number, mark: ',' | '.'): string {
  const whole = Math.round(seconds * 1000)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${two(whole / 3_600_000)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}${mark}${String(whole % 1000).padStart(3, '0')}`
}
