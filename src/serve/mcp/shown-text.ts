import { withoutPaths } from '../without-paths.ts'
import type { AgentParts } from './parts.ts'

/** A message as an agent may see it: without paths of this machine, unless the server shows them. */
export function shownText(message: string, { service, folders }: Pick<AgentParts, 'service' | 'folders'>): string {
  return folders.showsPaths ? message : withoutPaths(message, [service.home, ...folders.names])
}
