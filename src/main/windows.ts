import { fileURLToPath } from 'node:url'
import { app, BrowserWindow } from 'electron'
import { pageUrl } from './page-url.ts'

const preload = fileURLToPath(new URL('../preload/index.cjs', import.meta.url))

/** macOS keeps a program without windows and brings one back from the dock; elsewhere the last window ends it. */
export function setupWindows(): void {
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openMainWindow()
  })
}

/** Opens the window, shown when there is something to see. */
export function openMainWindow(): void {
  const window = new BrowserWindow({
    width: 1100,
    height: 760,
    minWidth: 480,
    minHeight: 420,
    show: false,
    title: 'Tarsier Desktop',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    },
  })
  window.once('ready-to-show', () => window.show())
  void window.loadURL(pageUrl())
}
