import { app, dialog } from 'electron'
import type { ErrorData } from '../shared/errors.ts'
import { t } from '../shared/text.ts'
import { translate } from '../shared/translate.ts'

/** Asks the user what to do when the service is not running and will not be restarted automatically. */
export async function askWhatNow(error: ErrorData, startAgain: () => void): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: t('Tarsier cannot run'),
    detail: translate(error.message),
    buttons: [t('Restart'), t('Quit')],
    defaultId: 0,
    cancelId: 0,
  })
  if (response === 0) startAgain()
  else app.quit()
}
