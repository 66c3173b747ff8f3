import { app } from 'electron'
import { channels } from '../shared/bridge.ts'
import { setupClipProtocol } from './clip-protocol.ts'
import { setupCrashReports } from './crashes.ts'
import { Files } from './files.ts'
import { setupLanguage } from './language.ts'
import { setMenu } from './menu.ts'
import { setupOsFiles } from './os-files.ts'
import { onPage } from './page-channels.ts'
import { PageMessages } from './page-messages.ts'
import { setupPageProtocol } from './page-protocol.ts'
import { setupNavigation, setupPermissions, setupRequests } from './page-security.ts'
import { setupQuit } from './quit.ts'
import { RecentFiles } from './recent-files.ts'
import { registerSchemes } from './schemes.ts'
import { Service } from './service.ts'
import { askWhatNow } from './service-trouble.ts'
import { setupUpdates } from './setup-updates.ts'
import { setupTheme } from './theme.ts'
import { openMainWindow, setupWindows, showMainWindow } from './windows.ts'
import { WorkShown } from './work-shown.ts'

// Both must be called before Electron is ready.
registerSchemes()
// Chromium's sandbox refuses to run as root. `npm start` turns it off there, and only there; all other restrictions of the page remain.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
// The application id groups windows in the Windows taskbar and is shown with notifications. The installer gives shortcuts the same id.
if (process.platform === 'win32') app.setAppUserModelId('app.tarsier.desktop')

// Not awaited at the top level: Electron becomes ready only after this module has finished loading.
const only = setupOsFiles((paths) => void started?.then((files) => files.open(paths)))
const started = only ? begin() : null

async function begin(): Promise<Files> {
  setupCrashReports()
  // Security rules are installed before the first window opens.
  setupNavigation()
  setupWindows()
  setupTheme()
  await app.whenReady()
  setupPermissions()
  setupRequests()
  setupPageProtocol()
  const files = startService()
  openMainWindow()
  return files
}

/** Starts the service and connects it to the page and the system. */
function startService(): Files {
  const shown = new WorkShown()
  const messages = new PageMessages()
  const service: Service = new Service({
    work: (work) => shown.show(work),
    ended: (ended) => shown.notify(ended),
    onExit: (error) => void askWhatNow(error, () => service.start()),
  })
  const recent = new RecentFiles(() => drawMenu())
  const files = new Files({ service, recent, messages })
  const drawMenu = () =>
    setMenu({
      platform: process.platform,
      developing: !app.isPackaged,
      recent: recent.paths,
      command: (command) => {
        showMainWindow()
        messages.send(channels.menu, command)
      },
      choose: (what) => void files.chooseAndOpen(what),
      open: (path) => void files.open([path]),
      clearRecent: () => recent.clear(),
    })
  setupClipProtocol(service)
  setupQuit(service, () => shown.work)
  setupUpdates(messages)
  onPage(channels.connect, (page) => {
    service.connect(page)
    messages.ready(page)
  })
  drawMenu()
  void setupLanguage(drawMenu)
  service.start()
  return files
}
