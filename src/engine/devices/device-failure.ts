import { assertNever, type ErrorDetails, TarsierError } from '../../shared/errors.ts'
import { phrase } from '../../shared/phrase.ts'
import { type DevicePart, type DeviceSubject, type DeviceUse, type DeviceWork, partNames } from './device-use.ts'

/** A failure of a device, stored in the details of an error. */
export interface DeviceFailure {
  readonly part: DevicePart
  readonly device: string
  /** Clause after the device's name, such as "it crashed (SIGSEGV)". */
  readonly why: string
  /** Whether its memory was too small for this run only, so that it may work next time. */
  readonly memory: boolean
}

/** The error of a device whose runtime reports a failure, such as a lost device. */
export function deviceFailed({ part, device }: DeviceSubject, reason: string, cause?: unknown): TarsierError {
  const text = reason.replace(/\s+/g, ' ').trim().slice(0, 300).replace(/\.$/, '')
  return failure({ part, device, why: `it reported an error: ${text}`, memory: false }, cause)
}

/** An `out-of-memory` error of a device. The work is repeated on the next device unless the device was selected by name. */
export function deviceOutOfMemory({ part, device }: DeviceSubject, error: TarsierError): TarsierError {
  const why: DeviceFailure = { part, device, why: 'it did not have enough memory', memory: true }
  return new TarsierError(error.code, error.message, { cause: error.cause, details: { ...error.details, ...why } })
}

/** The error of a process that crashed while it used a device. `why` is the signal, or the name of the exception on Windows. */
export function deviceCrashed({ subject, work }: DeviceUse, why: string, reason: string): TarsierError {
  const { part, device } = subject
  return failure({ part, device, why: `it crashed (${why}) ${during(work, part)}`, memory: false }, undefined, { said: reason })
}

/** The error of a process that did not respond while it used a device. */
export function deviceHung({ subject, work }: DeviceUse, seconds: number): TarsierError {
  const { part, device } = subject
  return failure({ part, device, why: `it did not respond for ${seconds} seconds ${during(work, part)}`, memory: false })
}

/** What a device was used for when it failed, as the end of a sentence. */
function during(work: DeviceWork, part: DevicePart): string {
  switch (work) {
    case 'loading':
      return phrase`while the ${partNames[part]} was loaded and tested on it`
    case 'answering':
      return phrase`while generating an answer`
    case 'saving':
      return phrase`while the state of a conversation was copied`
    case 'measuring':
      return phrase`while its free memory was read`
    case 'closing':
      return phrase`while the ${partNames[part]} was removed from its memory`
    case 'probing':
      return phrase`while it was tested for the diagnosis`
    default:
      return assertNever(work, 'use of a device')
  }
}

/** The device failure in an error; null for other errors. */
export function deviceFailureIn(error: unknown): DeviceFailure | null {
  if (!(error instanceof TarsierError)) return null
  const { part, device, why, memory } = error.details ?? {}
  if ((part !== 'vision' && part !== 'language') || typeof device !== 'string' || typeof why !== 'string') return null
  return { part, device, why, memory: memory === true }
}

function failure(failed: DeviceFailure, cause?: unknown, details: ErrorDetails = {}): TarsierError {
  return new TarsierError(
    'device-unavailable',
    `"${failed.device}" cannot be used for the ${partNames[failed.part]}: ${failed.why}. Choose "auto" or "cpu" as the device, or update the graphics driver and test the device again.`,
    { cause, details: { ...details, ...failed }, remedy: 'retry-devices' },
  )
}
