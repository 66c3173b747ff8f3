import { app, shell } from 'electron'
import { crashFolder, keepCrashReports, reportCrash } from '../platform/crash-reports.ts'
import { tarsierHome } from '../platform/home.ts'
import { channels } from '../shared/bridge.ts'
import { answerPage } from './page-channels.ts'
import { SERVICE_NAME } from './service.ts'

/** Reasons for which a process of Chromium ends when the app or the user asked for it. */
export const WANTED_ENDS: readonly string[] = ['clean-exit', 'killed']

/** Stores reports of the shell's own errors, and of Chromium's processes that end unexpectedly: the page, the GPU's and others. */
export function setupCrashReports(): void {
  const home = tarsierHome()
  keepCrashReports(home, 'app', app.getVersion())
  app.on('render-process-gone', (_event, _contents, { reason, exitCode }) => report('page', reason, exitCode))
  app.on('child-process-gone', (_event, { type, name, reason, exitCode }) => {
    const isService = name === SERVICE_NAME
    // The service stores its own errors itself, with their place.
    if (!(isService && reason === 'abnormal-exit')) report(isService ? 'service' : (name ?? type), reason, exitCode)
  })
  answerPage(channels.showCrashes, async () => shell.showItemInFolder(crashFolder(home)))
}

function report(process: string, reason: string, exitCode: number): void {
  if (!WANTED_ENDS.includes(reason)) reportCrash({ process, reason: `${reason}, status ${exitCode}` })
}
