import type { TextFile } from '../../shared/contract/base.ts'

/** Saves text as a browser download, which never overwrites a file without asking. */
export function saveText({ name, mediaType, text }: TextFile): void {
  const address = URL.createObjectURL(new Blob([text], { type: mediaType }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // Once started, the download keeps its own reference to the bytes.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
