export interface BenchOptions {
  /** Runs of each contender; the median counts. */
  readonly rounds: number
  /** Where clips and models made for measuring are kept for the next time. */
  readonly cache: string
  /** A Python with torch and transformers. */
  readonly python?: string | undefined
  /** A folder with `@fugood/llama.node` in its node_modules. */
  readonly llamaNode?: string | undefined
  /** GGUF files to generate with, instead of the section's own. */
  readonly gguf: readonly string[]
  /** Which of the lengths of clips. */
  readonly clips: readonly string[]
}

export interface Measured {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Sentences to read the table by. */
  readonly notes: readonly string[]
  /** What was aimed at. */
  readonly targets: readonly { readonly what: string; readonly met: boolean }[]
  /** The figures as they are, for the JSON. */
  readonly data: unknown
}

/** A section that this machine cannot measure, and what it would take. */
export interface Skipped {
  readonly skipped: string
}
