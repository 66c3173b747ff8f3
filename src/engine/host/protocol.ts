import type { ErrorData } from '../../shared/errors.ts'
import type { DeviceUseReport } from '../devices/device-use.ts'

/** What the parent of a process of ours says to it: do something under a number, stop doing it, or give a sign of life. */
export type ToHost<Command> =
  | { readonly kind: 'command'; readonly id: number; readonly command: Command }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'ping' }

/**
 * Every command is answered by one `result` or `failed`, after its events; every `ping` by `alive`, with the step under way that has lasted most pings.
 * A `device-use` comes before native code of a GPU is entered, and after that.
 */
export type FromHost<Event> =
  | { readonly kind: 'event'; readonly id: number; readonly event: Event }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorData | 'aborted' }
  | { readonly kind: 'device-use'; readonly report: DeviceUseReport }
  | { readonly kind: 'alive'; readonly step: { readonly what: string; readonly beats: number } | null }
