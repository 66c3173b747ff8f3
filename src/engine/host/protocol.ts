import type { ErrorData } from '../../shared/errors.ts'
import type { DeviceUseReport } from '../devices/device-use.ts'

/** Messages from the parent: a command with an id, a cancel, or a ping. */
export type ToHost<Command> =
  | { readonly kind: 'command'; readonly id: number; readonly command: Command }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'ping' }

/**
 * Messages to the parent. Each command is answered by events and then one `result` or `failed`; each `ping` by `alive`, with the longest running
 * step. `device-use` is sent before native code of a GPU runs, and after it.
 */
export type FromHost<Event> =
  | { readonly kind: 'event'; readonly id: number; readonly event: Event }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData | 'aborted' }
  | { readonly kind: 'device-use'; readonly report: DeviceUseReport }
  | { readonly kind: 'alive'; readonly step: { readonly what: string; readonly beats: number } | null }
