import { basename } from 'node:path'
import { findClips } from '../jobs/find-clips.ts'
import type { OpenedFile } from '../shared/bridge.ts'
import { asTarsierError, isAbort } from '../shared/errors.ts'
import type { Service } from './service.ts'

/** Opens the clips at paths, including those in folders. A clip that cannot be opened is reported and does not affect the others. */
export async function openPaths(
  service: Service,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly { readonly path: string; readonly file: OpenedFile }[]> {
  const opened: { path: string; file: OpenedFile }[] = []
  for (const { file: path, error } of await findClips(paths, signal)) {
    try {
      if (error) throw error
      const clip = await service.clips.open(path, {}, signal)
      opened.push({ path, file: { kind: 'clip', metadata: await service.clips.metadata(clip) } })
    } catch (failure) {
      if (isAbort(failure)) throw failure
      opened.push({ path, file: { kind: 'failed', name: basename(path), error: asTarsierError(failure).toData() } })
    }
  }
  return opened
}
