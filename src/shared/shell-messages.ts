import type { OpenedFile } from './bridge.ts'
import type { ErrorData } from './errors.ts'

/** What the shell and the service's process say to each other. Paths come from the shell alone, never from a page. */
export type FromShell =
  /** With a port, whose other end a page has. */
  | { readonly kind: 'page'; readonly client: string }
  | { readonly kind: 'ask'; readonly id: number; readonly question: ShellQuestion }
  /** Leaves everything in order, and ends. */
  | { readonly kind: 'end' }

export type ToShell =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ShellAnswers[keyof ShellAnswers] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData }
  /** It cannot begin, and starting it again at once would change nothing. */
  | { readonly kind: 'refused'; readonly error: ErrorData }
  | { readonly kind: 'work'; readonly work: Work }
  | { readonly kind: 'ended'; readonly ended: Ended }

export type ShellQuestion =
  /** Files that a person dropped or chose, and folders of them. */
  | { readonly kind: 'open'; readonly paths: readonly string[] }
  /** A folder that a person chose to import a model from. */
  | { readonly kind: 'folder'; readonly path: string }
  /** Where the bytes of a clip lie. */
  | { readonly kind: 'locate'; readonly handle: string; readonly what: 'file' | 'preview' }

export interface ShellAnswers {
  readonly open: readonly { readonly path: string; readonly file: OpenedFile }[]
  readonly folder: string
  readonly locate: LocatedFile
}

export interface LocatedFile {
  readonly path: string
  readonly mediaType: string
}

/** What goes on, as far as it is shown outside of the window or asked about before quitting. */
export interface Work {
  /** Whether somebody waits for an answer. */
  readonly answering: boolean
  /** Models on their way. */
  readonly models: number
  readonly batches: number
  /** From 0 to 1 over models and batches; null when there is none of them. */
  readonly progress: number | null
}

/** Something that took long is over. */
export interface Ended {
  readonly title: string
  readonly text: string
}
