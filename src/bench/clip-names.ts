import type { Sample } from './sample.ts'

/**
 * Fields of `extra_info` that may name a clip's file: Video-MME's own annotation has `videoID` (its files are called so) and `url` beside the
 * number that Tarsier's annotation took for the vid; FAVOR-Bench's own has `video_name`.
 */
const FIELDS = ['videoID', 'youtube_id', 'video_name', 'url'] as const

/** What a clip's file may be called by its annotation, the vid first, none twice. */
export function clipNames({ vid, extraInfo }: Pick<Sample, 'vid' | 'extraInfo'>): string[] {
  const further = FIELDS.flatMap((field) => {
    const value = extraInfo[field]
    if (typeof value !== 'string' || value === '') return []
    return field === 'url' ? youTubeId(value) : [value]
  })
  return [...new Set([...(vid === null ? [] : [String(vid)]), ...further])]
}

/** The id in an address of YouTube's, in any of its forms. */
function youTubeId(address: string): string[] {
  const url = URL.canParse(address) ? new URL(address) : null
  if (!url || !/(^|\.)(youtube\.com|youtu\.be)$/.test(url.hostname)) return []
  const id = url.searchParams.get('v') ?? url.pathname.split('/').at(-1) ?? ''
  return id === '' ? [] : [id]
}
