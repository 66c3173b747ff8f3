import { fileURLToPath } from 'node:url'
import { app, BrowserWindow, nativeTheme, screen } from 'electron'
import { pageUrl } from './page-url.ts'
import { readStored, writeStored } from './stored-json.ts'
import { fittingPlace, SMALLEST } from './window-place.ts'

const preload = fileURLToPath(new URL('../preload/index.cjs', import.meta.url))
const FILE_NAME = 'window'

/** macOS keeps a program without windows and brings one back from the dock; elsewhere the last window ends it. */
export function setupWindows(): void {
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  app.on('activate', () => {
    if (!mainWindow()) openMainWindow()
  })
}

/** The one window; undefined where a person closed it on macOS. */
export function mainWindow(): BrowserWindow | undefined {
  return BrowserWindow.getAllWindows()[0]
}

/** Brings the window in front of others, or back. Nothing before Electron is ready: then it is about to come anyway. */
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

/** Opens the window where it was last, shown when there is something to see. */
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
    // The page's ground, for the moment before it is drawn.
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#15120f' : '#f6f2ec',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      devTools: !app.isPackaged,
      // Elsewhere Chromium would fetch its dictionaries from the internet.
      spellcheck: process.platform === 'darwin',
    },
  })
  // Maximizing shows it too, so it waits as well.
  window.once('ready-to-show', () => (maximized ? window.maximize() : window.show()))
  window.on('close', () => writeStored(FILE_NAME, { bounds: window.getNormalBounds(), maximized: window.isMaximized() }))
  void window.loadURL(pageUrl())
}
