import type { ContractRouterClient } from '@orpc/contract'
import { batchContract } from './batch.ts'
import { benchContract } from './bench.ts'
import { chatsContract } from './chats.ts'
import { clipsContract } from './clips.ts'
import { estimateContract } from './estimate.ts'
import { eventsContract } from './events.ts'
import { libraryContract } from './library.ts'
import { modelsContract } from './models.ts'
import { queueContract } from './queue.ts'
import { settingsContract } from './settings.ts'
import { systemContract } from './system.ts'

/** All procedures of the service, independent of the transport. */
export const contract = {
  clips: clipsContract,
  chats: chatsContract,
  events: eventsContract,
  models: modelsContract,
  estimate: estimateContract,
  settings: settingsContract,
  batch: batchContract,
  library: libraryContract,
  bench: benchContract,
  queue: queueContract,
  system: systemContract,
}

/** The contract's client: each procedure is a function of its input and `{ signal }`. */
export type ServiceClient = ContractRouterClient<typeof contract>
