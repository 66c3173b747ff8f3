import type { HostState } from '../engine/host/host-calls.ts'
import type { Service } from '../service/service.ts'

export interface ServerHealth {
  /** `degraded` while a process does not respond, `failing` when one crashed or hung too often and is not started again for now. */
  readonly status: 'ok' | 'degraded' | 'failing'
  readonly engine: HostState
  readonly media: HostState
}

/** How the server's processes are. Anybody may ask, so it holds nothing of what they work on. */
export function serverHealth({ engines, media }: Service): ServerHealth {
  const states = [engines.state, media.state]
  const status = states.includes('given-up') ? 'failing' : states.includes('unresponsive') ? 'degraded' : 'ok'
  return { status, engine: engines.state, media: media.state }
}
