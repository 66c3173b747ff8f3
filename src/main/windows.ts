import { fileURLToPath } from 'node:url'
import { app, BrowserWindow, dialog, nativeTheme, screen } from 'electron'
import { t } from '../shared/text.ts'
import { WANTED_ENDS } from './crashes.ts'
import { pageUrl } from './page-url.ts'
import { RestartLimit } from './restart-limit.ts'
import { readStored, writeStored } from './stored-json.ts'
import { fittingPlace, SMALLEST } from './window-place.ts'

const preload = fileURLToPath(new URL('../preload/index.cjs', import.meta.url))
const FILE_NAME = 'window'

const reloads = new RestartLimit()

/** On macOS the program stays open without windows and the dock reopens one; elsewhere closing the last window quits. */
export function setupWindows(): void {
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  app.on('activate', () => {
    if (!mainWindow()) openMainWindow()
  })
}

/** Returns the only window; undefined on macOS after it was closed. */
export function mainWindow(): BrowserWindow | undefined {
  return BrowserWindow.getAllWindows()[0]
}

/** Brings the window to the front, or reopens it. Does nothing before Electron is ready, because the window opens then. */
export function showMainWindow(): void {
  const window = mainWindow()
  if (!window) {
    if (app.isReady()) openMainWindow()
    return
  }
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** Opens the window at its last position. It is shown once the page has rendered. */
export function openMainWindow(): void {
  const main = screen.getPrimaryDisplay()
  const others = screen.getAllDisplays().filter(({ id }) => id !== main.id)
  const { bounds, maximized } = fittingPlace(readStored(FILE_NAME), [main.workArea, ...others.map(({ workArea }) => workArea)])
  const window = new BrowserWindow({
    ...bounds,
    minWidth: SMALLEST.width,
    minHeight: SMALLEST.height,
    show: false,
    title: 'Tarsier Desktop',
    // Background colour of the page, until its first paint.
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#14110d' : '#faf7f2',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      devTools: !app.isPackaged,
      // On other systems Chromium would download dictionaries.
      spellcheck: process.platform === 'darwin',
    },
  })
  // Maximizing also shows the window, so it waits as well.
  window.once('ready-to-show', () => (maximized ? window.maximize() : window.show()))
  window.on('close', () => writeStored(FILE_NAME, { bounds: window.getNormalBounds(), maximized: window.isMaximized() }))
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (!WANTED_ENDS.includes(reason)) void reloadPage(window)
  })
  void window.loadURL(pageUrl())
}

/** Reloads a page whose process has crashed; the service keeps what was running. Asks first if that did not help several times in a row. */
async function reloadPage(window: BrowserWindow): Promise<void> {
  if (!reloads.take()) {
    const { response } = await dialog.showMessageBox(window, {
      type: 'error',
      message: t('The window stopped working'),
      detail: t(
        'It crashed repeatedly. Running jobs continue in the background. Reload it, or quit and report the problem: Help lists the crash reports.',
      ),
      buttons: [t('Reload'), t('Quit')],
      defaultId: 0,
      cancelId: 0,
    })
    if (response !== 0) return app.quit()
  }
  if (!window.isDestroyed()) window.webContents.reload()
}
