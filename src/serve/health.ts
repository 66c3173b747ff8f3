import type { HostState } from '../engine/host/host-calls.ts'
import type { Service } from '../service/service.ts'

export interface ServerHealth {
  /** `degraded` while a process does not respond; `failing` if a process crashed or hung too often and is not restarted for now. */
  readonly status: 'ok' | 'degraded' | 'failing'
  readonly engine: HostState
  readonly media: HostState
}

/** Reports the state of the server's processes. The route needs no token, so the result contains nothing about their work. */
export function serverHealth({ engines, media }: Service): ServerHealth {
  const states = [engines.state, media.state]
  const status = states.includes('given-up') ? 'failing' : states.includes('unresponsive') ? 'degraded' : 'ok'
  return { status, engine: engines.state, media: media.state }
}
