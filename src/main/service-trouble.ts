import { app, dialog } from 'electron'
import type { ErrorData } from '../shared/errors.ts'

/** Asks the user what to do when the service is not running and will not be restarted automatically. */
export async function askWhatNow(error: ErrorData, startAgain: () => void): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: 'Tarsier cannot run',
    detail: error.message,
    buttons: ['Restart', 'Quit'],
    defaultId: 0,
    cancelId: 0,
  })
  if (response === 0) startAgain()
  else app.quit()
}
