import type { BenchOptions, Measured, Skipped } from './section.ts'
import { type SectionName, sections } from './sections.ts'

/** What a section's process is told, and what it says. */
export interface SectionRequest {
  readonly name: SectionName
  readonly options: BenchOptions
}
export type SectionAnswer = { readonly result: Measured | Skipped } | { readonly error: string }

/** One section in a process of its own: native code that dies takes no other section with it, and none finds another's threads running. */
process.once('message', async ({ name, options }: SectionRequest) => {
  let answer: SectionAnswer
  try {
    answer = { result: await sections[name].measure(options) }
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  process.send?.(answer, () => process.exit(0))
})
