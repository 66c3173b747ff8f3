import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron'
import type { channels } from '../shared/bridge.ts'
import { pageUrl } from './page-url.ts'

type Channel = (typeof channels)[keyof typeof channels]

/** Listens for messages from the page. Other senders are ignored; the listener must validate the payload. */
export function onPage(channel: Channel, listener: (page: WebContents, sent: unknown) => void): void {
  ipcMain.on(channel, (event, sent: unknown) => {
    if (isFromPage(event)) listener(event.sender, sent)
  })
}

/** Handles requests from the page. Requests from other senders are rejected. */
export function answerPage<Answer>(channel: Channel, answer: (sent: unknown, page: WebContents) => Promise<Answer>): void {
  ipcMain.handle(channel, async (event, sent: unknown) => {
    if (!isFromPage(event)) throw new Error('Only requests from the app page are accepted.')
    return await answer(sent, event.sender)
  })
}

/** Whether a message comes from the window's main frame while it shows our page; false if the frame no longer exists. */
function isFromPage({ senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && senderFrame.url.split('#')[0] === pageUrl()
}
