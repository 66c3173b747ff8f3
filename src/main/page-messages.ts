import type { WebContents } from 'electron'
import type { channels } from '../shared/bridge.ts'

type Channel = (typeof channels)['files' | 'menu']

/** Sends messages from the shell to the page. Messages are queued until a page is listening. */
export class PageMessages {
  #page: WebContents | null = null
  #waiting: { readonly channel: Channel; readonly value: unknown }[] = []

  /** Called when a page is listening. */
  ready(page: WebContents): void {
    this.#page = page
    const forget = () => {
      if (this.#page === page) this.#page = null
    }
    page.once('did-start-loading', forget)
    page.once('destroyed', forget)
    for (const { channel, value } of this.#waiting.splice(0)) page.send(channel, value)
  }

  send(channel: Channel, value: unknown): void {
    if (this.#page) this.#page.send(channel, value)
    else this.#waiting.push({ channel, value })
  }
}
