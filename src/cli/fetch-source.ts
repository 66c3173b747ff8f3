import type { FetchedCheckpoint, FetchOptions } from '../engine/models/hub/fetch-checkpoint.ts'
import type { ProgressLine } from './progress-line.ts'
import { transferText } from './transfer-text.ts'

/** Downloads a repository from the hub, and reports progress. */
export async function fetchSource(
  repository: string,
  progress: ProgressLine,
  options: Omit<FetchOptions, 'onProgress'>,
): Promise<FetchedCheckpoint> {
  // Imported on demand: no other command needs HTTP clients.
  const { fetchCheckpoint } = await import('../engine/models/hub/fetch-checkpoint.ts')
  progress.begin(`listing ${repository} on the hub`)
  return await fetchCheckpoint(repository, {
    ...options,
    onProgress: (state) => progress.detail(`${repository}: ${transferText(state)}`),
  })
}
