import { measureBusy } from './busy.ts'
import { measureConversation } from './conversation.ts'
import { measureEvents } from './events.ts'
import { measureFirstAnswer } from './first-answer.ts'
import { measureFullTower } from './full-tower.ts'
import { measureGeneration } from './generation.ts'
import { measureGrowth } from './growth.ts'
import { measureImport } from './import.ts'
import { measureLargeModel } from './large-model.ts'
import { measureMedia } from './media.ts'
import { measureMemory } from './memory.ts'
import { measureQueue } from './queue.ts'
import { measureRest } from './rest.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'
import { measureShots } from './shots.ts'
import { measureTower } from './tower.ts'

/** All sections, in the order in which they are run and reported. */
export const sections = {
  media: { title: 'Frames of a clip', measure: measureMedia },
  shots: { title: 'Shots of a clip', measure: measureShots },
  conversation: { title: 'First token of an answer', measure: measureConversation },
  'first-answer': { title: 'First answer of the command line', measure: measureFirstAnswer },
  tower: { title: 'Vision towers', measure: measureTower },
  'full-tower': { title: 'Vision tower of full size', measure: measureFullTower },
  import: { title: 'Import of a checkpoint', measure: measureImport },
  'large-model': { title: 'A model of real size', measure: measureLargeModel },
  memory: { title: 'Memory of a model of real size', measure: measureMemory },
  events: { title: 'Times of events', measure: measureEvents },
  generation: { title: 'Tokens a second', measure: measureGeneration },
  busy: { title: 'On a busy machine', measure: measureBusy },
  queue: { title: 'Jobs on a queue', measure: measureQueue },
  growth: { title: 'Cost by length and number', measure: measureGrowth },
  rest: { title: 'At rest after a run', measure: measureRest },
  // Playwright is loaded only in this section's process.
  page: { title: 'The page', measure: async (options: BenchOptions) => (await import('./page.ts')).measurePage(options) },
} as const satisfies Record<string, { title: string; measure(options: BenchOptions): Promise<Measured | Skipped> }>

export type SectionName = keyof typeof sections
export const sectionNames = Object.keys(sections) as SectionName[]
/** The default sections: all except those that take an hour or fill the disk. */
export const usualSections = sectionNames.filter((name) => name !== 'large-model' && name !== 'memory')
