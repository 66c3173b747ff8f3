import { type ErrorData, TarsierError } from '../../shared/errors.ts'
import { type ChildEnd, entryBeside, NodeChild } from '../child-process.ts'
import type { FromHost, ToHost } from './protocol.ts'

/**
 * One life of a process that serves commands: from the fork to its exit.
 * `onGone` is called exactly once, with an `engine-crashed` error unless it was asked to stop.
 */
export class HostProcess<Command, Event> extends NodeChild<ToHost<Command>, FromHost<Event>> {
  constructor(program: string, onMessage: (message: FromHost<Event>) => void, onGone: (error: TarsierError) => void) {
    super(entryBeside(import.meta.url, program), onMessage, (end) =>
      onGone(end.asked ? new TarsierError('internal', 'The engine was stopped.') : crashed(end)),
    )
  }
}

function crashed({ why, said, cause }: ChildEnd): TarsierError {
  return new TarsierError(
    'engine-crashed',
    `The engine stopped unexpectedly (${why}). It will be started again; if it happens with the same file or model again, choose the CPU as its device or fewer frames, and report it.`,
    { cause, details: { why, said } },
  )
}

/** Plain data from the other process as the error it was there. */
export function reviveError(error: ErrorData | 'aborted'): Error {
  return error === 'aborted' ? new DOMException('The operation was aborted.', 'AbortError') : TarsierError.fromData(error)
}
