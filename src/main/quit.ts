import { app, dialog } from 'electron'
import type { Work } from '../shared/shell-messages.ts'
import type { Service } from './service.ts'
import { mainWindow } from './windows.ts'

/** Asks before work is cut off, and lets the service end in order before the program does. */
export function setupQuit(service: Pick<Service, 'stop'>, work: () => Work): void {
  let ended = false
  let ending = false
  app.on('before-quit', (event) => {
    if (ending || mayQuit(work())) return
    event.preventDefault()
  })
  app.on('will-quit', (event) => {
    if (ended) return
    event.preventDefault()
    if (ending) return
    ending = true
    void service.stop().finally(() => {
      ended = true
      app.quit()
    })
  })
}

function mayQuit(work: Work): boolean {
  const detail = whatIsLost(work)
  if (detail === '') return true
  const options = {
    type: 'question' as const,
    message: 'Quit while work is running?',
    detail,
    buttons: ['Quit', 'Go on working'],
    defaultId: 1,
    cancelId: 1,
  } satisfies Electron.MessageBoxSyncOptions
  const window = mainWindow()
  return (window ? dialog.showMessageBoxSync(window, options) : dialog.showMessageBoxSync(options)) === 0
}

/** What quitting means for what is under way, in sentences; empty where it means nothing. */
export function whatIsLost({ answering, models, batches }: Work): string {
  const sentences = [
    answering && 'An answer is being written: it stays as far as it has come.',
    models > 0 &&
      `${models === 1 ? 'A model is' : `${models} models are`} on the way here: what was fetched is kept, and goes on when you resume it.`,
    batches > 0 &&
      `${batches === 1 ? 'A batch is' : `${batches} batches are`} running: what is done is kept, and the rest goes on at the next start.`,
  ]
  return sentences.filter((sentence) => sentence !== false).join('\n')
}
