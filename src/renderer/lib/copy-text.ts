import { TarsierError } from '../../shared/errors.ts'

/** Puts a text on the clipboard. Throws `not-allowed` if the browser refuses. */
export async function copyText(text: string): Promise<void> {
  // Browsers have the clipboard only on encrypted pages and on those of this machine, not on a server in the network.
  if (!navigator.clipboard) copyByEvent(text)
  else await navigator.clipboard.writeText(text)
}

/** The older way: the browser is told to copy, and asks the page what. */
function copyByEvent(text: string): void {
  let wasAsked = false
  const answer = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
    wasAsked = true
  }
  document.addEventListener('copy', answer, { once: true, capture: true })
  const isCopied = document.execCommand('copy')
  document.removeEventListener('copy', answer, { capture: true })
  if (isCopied && wasAsked) return
  throw new TarsierError('not-allowed', 'The browser does not let this page copy. Select the text and copy it yourself.')
}
