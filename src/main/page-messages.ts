import type { WebContents } from 'electron'
import type { channels } from '../shared/bridge.ts'

type Channel = (typeof channels)['files' | 'menu' | 'updateState']

/** Sends messages from the shell to the page. Messages are queued until a page is listening. */
export class PageMessages {
  #page: WebContents | null = null
  #waiting: { readonly channel: Channel; readonly value: unknown }[] = []

  /** Called when a page is listening, also when the same page connects again. */
  ready(page: WebContents): void {
    if (this.#page !== page) this.#follow(page)
    for (const { channel, value } of this.#waiting.splice(0)) page.send(channel, value)
  }

  /**
   * Until the page is closed or replaced, as by a reload. `did-start-loading` would come too often: also when only the place in the page's address
   * changes, and at downloads.
   */
  #follow(page: WebContents): void {
    this.#page = page
    const forget = () => {
      page.off('did-navigate', forget)
      page.off('destroyed', forget)
      if (this.#page === page) this.#page = null
    }
    page.on('did-navigate', forget)
    page.on('destroyed', forget)
  }

  send(channel: Channel, value: unknown): void {
    if (this.#page) this.#page.send(channel, value)
    else this.#waiting.push({ channel, value })
  }
}
