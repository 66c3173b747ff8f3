import { z } from 'zod'
import type { ErrorData } from './errors.ts'

/** What the page can ask of the app's updates. `allow` and `refuse` change whether the app looks for them at its start. */
export const updateCommandSchema = z.enum(['state', 'allow', 'refuse', 'check', 'download', 'cancel', 'install'])
export type UpdateCommand = z.infer<typeof updateCommandSchema>

/** A version that can replace this one. */
export interface Update {
  readonly version: string
  /** Bytes of the download; null if the feed does not say. */
  readonly bytes: number | null
  /** Why this installation cannot replace itself; null if it can. */
  readonly byHand: string | null
}

/** Where the app is with its updates. */
export type UpdateProgress =
  /** Nothing was asked of the feed since the start. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'found'; readonly update: Update }
  /** `done`: the loaded share, 0 to 1. */
  | { readonly kind: 'downloading'; readonly update: Update; readonly done: number }
  /** The next start of the app is the new version. */
  | { readonly kind: 'ready'; readonly update: Update }
  | { readonly kind: 'failed'; readonly error: ErrorData }

export interface UpdateState {
  /** Why there are no updates for this installation; null if there is a feed. */
  readonly unavailable: string | null
  /** Whether the user allowed the app to look for updates by itself. */
  readonly allowed: boolean
  readonly progress: UpdateProgress
}
