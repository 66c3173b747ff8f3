import { batchArea } from './batch-area.ts'
import { benchArea } from './bench-area.ts'
import { chatsArea } from './chats-area.ts'
import { clipsArea } from './clips-area.ts'
import { estimateArea } from './estimate-area.ts'
import { libraryArea } from './library-area.ts'
import { modelsArea } from './models-area.ts'
import { implementer } from './procedures.ts'
import { settingsArea } from './settings-area.ts'
import { systemArea } from './system-area.ts'

/** Implements the whole contract. */
export const router = implementer.router({
  clips: clipsArea,
  chats: chatsArea,
  models: modelsArea,
  estimate: estimateArea,
  settings: settingsArea,
  batch: batchArea,
  library: libraryArea,
  bench: benchArea,
  system: systemArea,
})
