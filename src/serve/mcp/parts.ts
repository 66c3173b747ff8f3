import type { AgentService } from '../../service/agent-service.ts'
import type { AllowedFolders } from '../../service/allowed-folders.ts'

/** What a server for agents is made of. */
export interface AgentParts {
  readonly service: AgentService
  readonly folders: AllowedFolders
  /** Identifies the agent's program, for fair scheduling. */
  readonly client: string
}
