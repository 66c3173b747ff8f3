import { fetchCheckpoint } from '../../../../src/engine/models/hub/fetch-checkpoint.ts'

/** A process that downloads a repository, reports its progress, and waits to be killed. */
const [repository = '', home = ''] = process.argv.slice(2)
await fetchCheckpoint(repository, { home, signal: new AbortController().signal, onProgress: ({ bytes }) => process.send?.(bytes) })
