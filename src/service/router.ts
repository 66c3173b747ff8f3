import { batchArea } from './batch-area.ts'
import { benchArea } from './bench-area.ts'
import { chatsArea } from './chats-area.ts'
import { clipsArea } from './clips-area.ts'
import { estimateArea } from './estimate-area.ts'
import { eventsArea } from './events-area.ts'
import { libraryArea } from './library-area.ts'
import { modelsArea } from './models-area.ts'
import { implementer } from './procedures.ts'
import { queueArea } from './queue-area.ts'
import { settingsArea } from './settings-area.ts'
import { systemArea } from './system-area.ts'

/** Implements the whole contract. */
export const router = implementer.router({
  clips: clipsArea,
  chats: chatsArea,
  events: eventsArea,
  models: modelsArea,
  estimate: estimateArea,
  settings: settingsArea,
  batch: batchArea,
  library: libraryArea,
  bench: benchArea,
  queue: queueArea,
  system: systemArea,
})
