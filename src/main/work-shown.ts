import { app, Notification, powerSaveBlocker } from 'electron'
import type { Ended, Work } from '../shared/shell-messages.ts'
import { translate } from '../shared/translate.ts'
import { mainWindow, showMainWindow } from './windows.ts'

/** Electron's value for no progress bar. */
const NO_BAR = -1

/** Shows running work outside the window: a progress bar in the dock or taskbar, and a notification when a long task has ended. */
export class WorkShown {
  #work: Work = { answering: false, models: 0, batches: 0, benchmarks: 0, progress: null }
  /** Id of Electron's power save blocker; null while none is active. */
  #blocker: number | null = null

  get work(): Work {
    return this.#work
  }

  show(work: Work): void {
    this.#work = work
    mainWindow()?.setProgressBar(work.progress ?? NO_BAR)
    // Only macOS and some Linux desktops have a badge; elsewhere the call has no effect.
    app.setBadgeCount(work.batches + work.models + work.benchmarks)
    this.#keepAwake(work.answering || work.models > 0 || work.batches > 0 || work.benchmarks > 0)
  }

  /** Prevents system sleep while work is running, for example an overnight batch. The screen may turn off. */
  #keepAwake(working: boolean): void {
    if (working) this.#blocker ??= powerSaveBlocker.start('prevent-app-suspension')
    else if (this.#blocker !== null) {
      powerSaveBlocker.stop(this.#blocker)
      this.#blocker = null
    }
  }

  /** Shows a notification, unless the window has the focus. */
  notify({ title, text }: Ended): void {
    if (mainWindow()?.isFocused() || !Notification.isSupported()) return
    const notification = new Notification({ title: translate(title), body: translate(text) })
    notification.once('click', showMainWindow)
    notification.show()
  }
}
