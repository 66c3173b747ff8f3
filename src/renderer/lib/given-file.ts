import type { ClipMetadata } from '../../shared/contract/clips.ts'

/** A file from the user: its name, and how to turn it into a clip. */
export interface GivenFile {
  readonly name: string
  /** Size in bytes; 0 if unknown until the clip is opened. */
  readonly size: number
  readonly hand: (sent: (share: number) => void, signal: AbortSignal) => Promise<ClipMetadata>
}
