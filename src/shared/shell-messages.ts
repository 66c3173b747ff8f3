import type { OpenedFile } from './bridge.ts'
import type { ErrorData } from './errors.ts'

/** Messages between the shell and the service process. Paths come only from the shell, never from a page. */
export type FromShell =
  /** Comes with a port whose other end is in a page. */
  | { readonly kind: 'page'; readonly client: string }
  | { readonly kind: 'ask'; readonly id: number; readonly question: ShellQuestion }
  /** Shuts the service down cleanly. */
  | { readonly kind: 'end' }

export type ToShell =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ShellAnswers[keyof ShellAnswers] }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData }
  /** The service cannot start, and an immediate restart would not help. */
  | { readonly kind: 'refused'; readonly error: ErrorData }
  | { readonly kind: 'work'; readonly work: Work }
  | { readonly kind: 'ended'; readonly ended: Ended }

export type ShellQuestion =
  /** Files and folders that the user dropped or selected. */
  | { readonly kind: 'open'; readonly paths: readonly string[] }
  /** A folder selected for an import. */
  | { readonly kind: 'folder'; readonly path: string }
  /** The file of a clip. */
  | { readonly kind: 'locate'; readonly handle: string; readonly what: 'file' | 'preview' }
  /** The file of a piece that was cut out of a clip. */
  | { readonly kind: 'piece'; readonly handle: string; readonly piece: string }

export interface ShellAnswers {
  readonly open: readonly { readonly path: string; readonly file: OpenedFile }[]
  readonly folder: string
  readonly locate: LocatedFile
  /** With the name for its download. */
  readonly piece: LocatedFile & { readonly name: string }
}

export interface LocatedFile {
  readonly path: string
  readonly mediaType: string
}

/** Current work, as shown outside the window and in the question before quitting. */
export interface Work {
  /** Whether an answer is being generated. */
  readonly answering: boolean
  /** Number of downloads and imports. */
  readonly models: number
  readonly batches: number
  readonly benchmarks: number
  /** Progress of models, batches and benchmarks from 0 to 1; null if there are none. */
  readonly progress: number | null
}

/** A long job ended. */
export interface Ended {
  readonly title: string
  readonly text: string
}
