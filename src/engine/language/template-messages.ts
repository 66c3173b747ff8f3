/** Longest conversation that is shown to a template, in characters of its JSON: many times what any context holds. */
export const MAX_CONVERSATION = 4_000_000
/** Longest time that a template may take, in seconds. 300 turns of 600 characters, more than a context holds, take 0.2 on a busy machine. */
export const MAX_SECONDS = 2
/** Most memory of the process that renders, in megabytes. */
export const MAX_MEGABYTES = 128

/**
 * What was wrong: a limit that was passed (`length`: of a text it made, on the way or in the end; `depth`: of statements or calls inside
 * one another), a source that is no Jinja, or a failure over what it was shown.
 */
export type TemplateFault = 'size' | 'time' | 'memory' | 'length' | 'depth' | 'syntax' | 'failure'

export interface TemplateRequest {
  readonly id: number
  readonly source: string
  /** What the template may look at; plain data. */
  readonly variables: Readonly<Record<string, unknown>>
  /** Longest text that it may make, in characters. */
  readonly maxLength: number
}

export type TemplateAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'rendered'; readonly id: number; readonly text: string }
  | { readonly kind: 'failed'; readonly id: number; readonly fault: TemplateFault; readonly message: string }
