import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { type Bridge, channels, type OpenedFile } from '../shared/bridge.ts'

// Buffers files that arrive before the page listens.
const early: (readonly OpenedFile[])[] = []
let hearFiles: Parameters<Bridge['onFiles']>[0] = (files) => early.push(files)
ipcRenderer.on(channels.files, (_event, files: readonly OpenedFile[]) => hearFiles(files))

const bridge: Bridge = {
  platform: process.platform,
  connect: () => ipcRenderer.send(channels.connect),
  // Files that are not on disk, such as a pasted picture, have no path and are not sent to the shell.
  open: (files) =>
    ipcRenderer.invoke(
      channels.open,
      files.map((file) => webUtils.getPathForFile(file as File)).filter((path) => path !== ''),
    ),
  choose: (what) => ipcRenderer.invoke(channels.choose, what),
  show: (handle) => ipcRenderer.invoke(channels.show, handle),
  showCrashReports: () => ipcRenderer.invoke(channels.showCrashes),
  copyMoment: (handle, seconds) => ipcRenderer.invoke(channels.copyMoment, { handle, seconds }),
  setTheme: (theme) => ipcRenderer.send(channels.theme, theme),
  setLanguage: (choice) => ipcRenderer.send(channels.language, choice),
  onFiles: (listener) => {
    hearFiles = listener
    for (const files of early.splice(0)) listener(files)
  },
  onMenu: (listener) => void ipcRenderer.on(channels.menu, (_event, command) => listener(command)),
  updates: (command) => ipcRenderer.invoke(channels.updates, command),
  onUpdates: (listener) => void ipcRenderer.on(channels.updateState, (_event, state) => listener(state)),
}

contextBridge.exposeInMainWorld('tarsier', bridge)

// Ports cannot pass the context bridge; a message to the page's own window transfers them.
ipcRenderer.on(channels.port, (event) => window.postMessage(channels.port, window.location.origin, [...event.ports]))
