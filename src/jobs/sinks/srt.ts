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
      // An empty line would end the subtitle.
      const lines = text.replace(/\r/g, '').replace(/\n\s*\n+/g, '\n')
      return `${i + 1}\n${clock(start)} --> ${clock(Math.max(start + 1, end))}\n${lines}\n`
    })
    .join('\n')
}

/** Formats a time, such as 01:02:03,456. */
function clock(seconds: number): string {
  const whole = Math.round(seconds * 1000)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${two(whole / 3_600_000)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)},${String(whole % 1000).padStart(3, '0')}`
}
