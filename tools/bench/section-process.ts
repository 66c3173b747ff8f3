import type { BenchOptions, Measured, Skipped } from './section.ts'
import { type SectionName, sections } from './sections.ts'

/** Request to a section's process, and its response. */
export interface SectionRequest {
  readonly name: SectionName
  readonly options: BenchOptions
}
export type SectionAnswer = { readonly result: Measured | Skipped } | { readonly error: string }

/**
 * Runs one section in a separate process, so that a crash in native code affects no other section, and no section runs beside another's threads.
 */
process.once('message', async ({ name, options }: SectionRequest) => {
  let answer: SectionAnswer
  try {
    answer = { result: await sections[name].measure(options) }
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  process.send?.(answer, () => process.exit(0))
})
