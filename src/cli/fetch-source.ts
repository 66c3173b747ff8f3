import type { FetchedCheckpoint, FetchOptions } from '../engine/models/hub/fetch-checkpoint.ts'
import type { ProgressLine } from './progress-line.ts'
import { transferText } from './transfer-text.ts'

/** Brings a repository of the hub here, and says how far it is. */
export async function fetchSource(
  repository: string,
  progress: ProgressLine,
  options: Omit<FetchOptions, 'onProgress'>,
): Promise<FetchedCheckpoint> {
  // Loaded only here: HTTP clients are needed by no other command.
  const { fetchCheckpoint } = await import('../engine/models/hub/fetch-checkpoint.ts')
  progress.begin(`asking the hub for ${repository}`)
  return await fetchCheckpoint(repository, {
    ...options,
    onProgress: (state) => progress.detail(`${repository}: ${transferText(state)}`),
  })
}
