import type { TextFile } from '../../shared/contract/base.ts'

/** Hands a text to the browser's own way of saving, which never overwrites without asking. */
export function saveText({ name, mediaType, text }: TextFile): void {
  const address = URL.createObjectURL(new Blob([text], { type: mediaType }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has its own hold on the bytes once it began.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
