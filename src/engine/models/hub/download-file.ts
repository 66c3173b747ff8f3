import { TarsierError } from '../../../shared/errors.ts'
import type { HubClient } from './hub-client.ts'
import type { Wanted } from './hub-failure.ts'
import type { RemoteFile } from './repository-listing.ts'
import { type DownloadPlace, resumableDownload } from './resumable-download.ts'
import { Transient } from './transient.ts'

export interface DownloadOptions extends DownloadPlace {
  readonly repository: string
  readonly commit: string
}

/**
 * Downloads one file of a repository as {@link resumableDownload} does. Throws the hub's errors, and `download-damaged` if the content differs from
 * the hub's hash twice.
 */
export async function downloadFile(client: HubClient, remote: RemoteFile, options: DownloadOptions): Promise<void> {
  const { repository, commit, signal } = options
  const wanted: Wanted = { repository, revision: commit, file: remote.name }
  const damage = (what: string) =>
    new TarsierError(
      'download-damaged',
      `The download of ${remote.name} of ${repository} failed: ${what}. Try again later. If HF_ENDPOINT is set to a mirror, try without it.`,
      {
        details: { repository, file: remote.name },
      },
    )
  const open = (headers: Readonly<Record<string, string>>) =>
    client.open(`${client.settings.endpoint}/${repository}/resolve/${commit}/${remote.name}`, wanted, headers, signal, (answered) => {
      const named = unquoted(answered.get('x-linked-etag'))
      const from = answered.get('x-repo-commit')
      if (named !== null && named !== remote.hash)
        throw new Transient(damage(`the hub now reports another hash (${named}) than before (${remote.hash})`))
      if (from !== null && from !== commit) throw new Transient(damage(`the hub responded for commit ${from}`))
    })
  await resumableDownload(remote, { retryPolicy: client.retryPolicy, open, damage }, options)
}

function unquoted(etag: string | null): string | null {
  return etag === null ? null : etag.replace(/^W\//, '').replace(/^"|"$/g, '')
}
