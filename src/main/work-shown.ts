import { app, Notification, powerSaveBlocker } from 'electron'
import type { Ended, Work } from '../shared/shell-messages.ts'
import { mainWindow, showMainWindow } from './windows.ts'

/** Electron's value for a bar that is not there. */
const NO_BAR = -1

/** What goes on, shown where the window is not looked at: a bar in the dock or the taskbar, a notification when something long is over. */
export class WorkShown {
  #work: Work = { answering: false, models: 0, batches: 0, progress: null }
  /** Electron's number of what keeps the system awake; null while nothing does. */
  #blocker: number | null = null

  get work(): Work {
    return this.#work
  }

  show(work: Work): void {
    this.#work = work
    mainWindow()?.setProgressBar(work.progress ?? NO_BAR)
    // Only macOS and some Linux desktops have a badge; the others pass it over.
    app.setBadgeCount(work.batches + work.models)
    this.#keepAwake(work.answering || work.models > 0 || work.batches > 0)
  }

  /** A batch goes on overnight: the screen may turn off, the machine must not go to sleep over it. */
  #keepAwake(working: boolean): void {
    if (working) this.#blocker ??= powerSaveBlocker.start('prevent-app-suspension')
    else if (this.#blocker !== null) {
      powerSaveBlocker.stop(this.#blocker)
      this.#blocker = null
    }
  }

  /** Nothing for whoever looks at the window anyway. */
  notify({ title, text }: Ended): void {
    if (mainWindow()?.isFocused() || !Notification.isSupported()) return
    const notification = new Notification({ title, body: text })
    notification.once('click', showMainWindow)
    notification.show()
  }
}
