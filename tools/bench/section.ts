export interface BenchOptions {
  /** Number of runs of each contender; the median counts. */
  readonly rounds: number
  /** Cache folder of clips and models generated for measuring. */
  readonly cache: string
  /** Path of a Python with torch and transformers. */
  readonly python?: string | undefined
  /** Folder with `@fugood/llama.node` in its node_modules. */
  readonly llamaNode?: string | undefined
  /** GGUF files for the generation section, instead of its own. */
  readonly gguf: readonly string[]
  /** Clip lengths to measure. */
  readonly clips: readonly string[]
}

export interface Measured {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Notes that explain the table. */
  readonly notes: readonly string[]
  /** Targets, and whether they were met. */
  readonly targets: readonly { readonly what: string; readonly met: boolean }[]
  /** Raw results, for the JSON. */
  readonly data: unknown
  /** An SVG, written beside the report. */
  readonly plot?: string
}

/** A section that cannot be measured on this machine, and what it needs. */
export interface Skipped {
  readonly skipped: string
}
