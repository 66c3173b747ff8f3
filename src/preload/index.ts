import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { type Bridge, channels } from '../shared/bridge.ts'

const bridge: Bridge = {
  platform: process.platform,
  connect: () => ipcRenderer.send(channels.connect),
  // A file that never lay on the disk, such as a pasted picture, has no path; the shell is not asked about it.
  open: (files) =>
    ipcRenderer.invoke(
      channels.open,
      files.map((file) => webUtils.getPathForFile(file as File)).filter((path) => path !== ''),
    ),
  choose: (what) => ipcRenderer.invoke(channels.choose, what),
  show: (handle) => ipcRenderer.invoke(channels.show, handle),
  onFiles: (listener) => void ipcRenderer.on(channels.files, (_event, files) => listener(files)),
  onMenu: (listener) => void ipcRenderer.on(channels.menu, (_event, command) => listener(command)),
}

contextBridge.exposeInMainWorld('tarsier', bridge)

// Ports do not pass the bridge; a message of the page's own window hands them on.
ipcRenderer.on(channels.port, (event) => window.postMessage(channels.port, window.location.origin, [...event.ports]))
