import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron'
import type { channels } from '../shared/bridge.ts'
import { pageUrl } from './page-url.ts'

type Channel = (typeof channels)[keyof typeof channels]

/** Hears what the page sends. Whoever else sends it is not heard; what arrives is for the listener to check. */
export function onPage(channel: Channel, listener: (page: WebContents, sent: unknown) => void): void {
  ipcMain.on(channel, (event, sent: unknown) => {
    if (isFromPage(event)) listener(event.sender, sent)
  })
}

/** Answers what the page asks, and nobody else. */
export function answerPage<Answer>(channel: Channel, answer: (sent: unknown, page: WebContents) => Promise<Answer>): void {
  ipcMain.handle(channel, async (event, sent: unknown) => {
    if (!isFromPage(event)) throw new Error('Only the page is answered.')
    return await answer(sent, event.sender)
  })
}

/** True for the window's own frame while our page is in it; a frame that is gone already has no say. */
function isFromPage({ senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && senderFrame.url.split('#')[0] === pageUrl()
}
