import type { ClipMetadata } from '../../shared/contract/clips.ts'

/** A file that somebody gave: what it is called, and how it becomes a clip. */
export interface GivenFile {
  readonly name: string
  /** In bytes; 0 where that is not known before it is a clip. */
  readonly size: number
  readonly hand: (sent: (share: number) => void, signal: AbortSignal) => Promise<ClipMetadata>
}
