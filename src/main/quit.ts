import { app, dialog, powerMonitor } from 'electron'
import type { Work } from '../shared/shell-messages.ts'
import { t } from '../shared/text.ts'
import type { Service } from './service.ts'
import { mainWindow } from './windows.ts'

/**
 * Asks before running work is interrupted, and shuts the service down before the program exits. Neither delays a system shutdown: data that
 * the service has written is safe in any case.
 */
export function setupQuit(service: Pick<Service, 'stop'>, work: () => Work): void {
  let ended = false
  let ending = false
  let shuttingDown = false
  let confirmed = false
  /** A confirmation for closing the last window also applies to the quit that follows. */
  const mayEnd = () => {
    const lost = whatIsLost(work())
    if (lost === '' || shuttingDown) return true
    confirmed ||= isAgreed(lost)
    return confirmed
  }
  powerMonitor.on('shutdown', () => {
    shuttingDown = true
  })
  app.on('browser-window-created', (_event, window) => {
    // Except on macOS, closing the window quits the program, so ask while the window is still open.
    window.on('close', (event) => {
      if (process.platform !== 'darwin' && !ending && !mayEnd()) event.preventDefault()
    })
  })
  app.on('before-quit', (event) => {
    if (!ending && !mayEnd()) event.preventDefault()
  })
  app.on('will-quit', (event) => {
    if (ended) return
    if (shuttingDown) {
      // On macOS, preventing this event would cancel the shutdown.
      void service.stop()
      return
    }
    event.preventDefault()
    if (ending) return
    ending = true
    void service.stop().finally(() => {
      ended = true
      app.quit()
    })
  })
}

function isAgreed(detail: string): boolean {
  const options = {
    type: 'question' as const,
    message: t('Quit while work is running?'),
    detail,
    buttons: [t('Quit'), t('Keep running')],
    defaultId: 1,
    cancelId: 1,
  } satisfies Electron.MessageBoxSyncOptions
  const window = mainWindow()
  return (window ? dialog.showMessageBoxSync(window, options) : dialog.showMessageBoxSync(options)) === 0
}

/** Describes what quitting does to running work, in sentences; empty if nothing is affected. */
export function whatIsLost({ answering, models, batches, benchmarks }: Work): string {
  const sentences = [
    answering && t('An answer is being generated. The text generated so far is saved.'),
    models > 0 &&
      t('{models, plural, one {A model is} other {# models are}} being downloaded or imported. You can resume this later.', { models }),
    batches > 0 &&
      t(
        '{batches, plural, one {A batch is} other {# batches are}} running. Finished clips are saved, and the rest continues at the next start.',
        { batches },
      ),
    benchmarks > 0 && t('A benchmark is running. Its answers are saved, and you can resume it later.'),
  ]
  return sentences.filter((sentence) => sentence !== false).join('\n')
}
