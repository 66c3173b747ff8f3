import type { Preset } from '../shared/contract/settings.ts'

/** Preset questions, based on the prompts in Tarsier's papers. */
export const presets: readonly Preset[] = [
  { name: 'Detailed description', text: 'Describe the video in detail.' },
  { name: 'One sentence', text: 'Describe the video in one sentence.' },
  { name: 'Events only', text: 'List the events of the video in the order in which they happen.' },
  { name: 'Frame by frame', text: 'Describe the video frame by frame.' },
  { name: 'Appearance and background', text: 'Describe how the people and things in the video look, and the background.' },
]
