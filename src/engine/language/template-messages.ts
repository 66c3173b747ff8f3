/** Maximum size of a conversation for a template, in characters of its JSON: many times the largest context. */
export const MAX_CONVERSATION = 4_000_000
/** Time limit for a template, in seconds. 300 turns of 600 characters, which exceed any context, take 0.2 seconds on a busy machine. */
export const MAX_SECONDS = 2
/** Memory limit of the rendering process, in megabytes. */
export const MAX_MEGABYTES = 128

/**
 * The cause of a failure: an exceeded limit (`length`: of an intermediate or final text; `depth`: of nested statements or calls), invalid
 * Jinja, or an error on the given input.
 */
export type TemplateFault = 'size' | 'time' | 'memory' | 'length' | 'depth' | 'syntax' | 'failure'

export interface TemplateRequest {
  readonly id: number
  readonly source: string
  /** Variables of the template; plain data. */
  readonly variables: Readonly<Record<string, unknown>>
  /** Maximum length of its texts, in characters. */
  readonly maxLength: number
}

export type TemplateAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'rendered'; readonly id: number; readonly text: string }
  | { readonly kind: 'failed'; readonly id: number; readonly fault: TemplateFault; readonly message: string }
