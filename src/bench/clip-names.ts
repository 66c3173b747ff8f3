import type { Sample } from './sample.ts'

/**
 * Fields of `extra_info` that may contain the name of a clip's file. Video-MME's own annotation has `videoID` (the name of its files) and `url`
 * beside the number that Tarsier's annotation uses as the vid; FAVOR-Bench's own has `video_name`.
 */
const FIELDS = ['videoID', 'youtube_id', 'video_name', 'url'] as const

/** Returns the possible names of a clip's file according to its annotation, without duplicates, starting with the vid. */
export function clipNames({ vid, extraInfo }: Pick<Sample, 'vid' | 'extraInfo'>): string[] {
  const further = FIELDS.flatMap((field) => {
    const value = extraInfo[field]
    if (typeof value !== 'string' || value === '') return []
    return field === 'url' ? youTubeId(value) : [value]
  })
  return [...new Set([...(vid === null ? [] : [String(vid)]), ...further])]
}

/** Extracts the video ID from any form of YouTube URL. */
function youTubeId(address: string): string[] {
  const url = URL.canParse(address) ? new URL(address) : null
  if (!url || !/(^|\.)(youtube\.com|youtu\.be)$/.test(url.hostname)) return []
  const id = url.searchParams.get('v') ?? url.pathname.split('/').at(-1) ?? ''
  return id === '' ? [] : [id]
}
