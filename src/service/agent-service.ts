import type { OnDeviceFailure } from '../engine/host/device-recovery.ts'
import { MediaClient } from '../engine/host/media-client.ts'
import { readLibrary } from '../library/read-library.ts'
import type { FoundClip } from '../library/search.ts'
import type { Found } from '../shared/contract/base.ts'
import type { Search } from '../shared/contract/library.ts'
import type { Settings } from '../shared/contract/settings.ts'
import type { TarsierError } from '../shared/errors.ts'
import { Engines, UNUSED_MS } from './engines.ts'
import { FileEvents } from './file-events.ts'
import type { Log } from './log.ts'
import { RunQueue } from './run-queue.ts'
import type { Service } from './service.ts'

/** What agents use of the program. They store nothing in the library. */
export interface AgentService {
  readonly home: string
  readonly media: MediaClient
  readonly engines: Engines
  readonly runs: RunQueue
  readonly fileEvents: FileEvents
  readonly log: Pick<Log, 'error'>
  /** The app's settings. */
  settings(): Settings
  /** Searches the library. */
  search(search: Search): Found<FoundClip>
}

export interface AgentServiceOptions {
  /** Folder of models, caches and the library. */
  readonly home: string
  /** Settings that replace the app's. */
  readonly settings?: Partial<Settings>
  readonly log: Pick<Log, 'error'>
}

/** Returns what agents use of a service: they share its engine and its queue of runs with the page. */
export function agentsOf(service: Service): AgentService {
  const { home, media, engines, runs, fileEvents, log, library } = service
  return {
    home,
    media,
    engines,
    runs,
    fileEvents,
    log,
    settings: () => library.settings.get(),
    search: (search) => library.search(search),
  }
}

/**
 * Creates a service for agents alone, with an engine of its own. Only reads the library, so that the app and other agents' programs can use the same home
 * folder. A model that was not used for ten minutes leaves the memory.
 */
export function openAgentService({ home, settings: replaced = {}, log }: AgentServiceOptions): AgentService & AsyncDisposable {
  let unloading: NodeJS.Timeout | undefined
  let closing = false
  // Programs that end us may end our processes at the same time.
  const onLost = (source: string) => (error: TarsierError) => {
    if (!closing) log.error(source, error.message)
  }
  const onDeviceFailure: OnDeviceFailure = ({ device, why }, next) =>
    log.error('engine', `"${device}" failed: ${why}${next ? '; the next device is used' : ''}`)
  const media = new MediaClient(onLost('media'))
  const engines = new Engines({ home }, () => {}, { onLost: onLost('engine'), onDeviceFailure })
  const runs = new RunQueue(() => {
    clearTimeout(unloading)
    if (runs.running !== null || runs.waiting > 0) return
    unloading = setTimeout(() => void engines.unload(), UNUSED_MS)
    unloading.unref()
  })
  const settings = () => ({ ...readLibrary(home, (library) => library.settings.get()), ...replaced })
  return {
    home,
    media,
    engines,
    runs,
    fileEvents: new FileEvents({ home, media, engines, runs, log, settings }),
    log,
    settings,
    search: (search) => readLibrary(home, (library) => library.search(search)),
    async [Symbol.asyncDispose]() {
      closing = true
      await Promise.all([engines[Symbol.asyncDispose](), media[Symbol.asyncDispose]()])
      clearTimeout(unloading)
    },
  }
}
