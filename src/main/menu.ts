import { basename } from 'node:path'
import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { MenuCommand } from '../shared/bridge.ts'

export interface MenuParts {
  readonly platform: NodeJS.Platform
  /** Developer tools are in the menu only if the program is not packaged. */
  readonly developing: boolean
  /** Paths, newest first. */
  readonly recent: readonly string[]
  command(command: MenuCommand): void
  choose(what: 'clips' | 'folder'): void
  open(path: string): void
  clearRecent(): void
}

export function setMenu(parts: MenuParts): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(parts)))
}

/** Builds the native menu. Commands for the page are sent over its own channel. */
export function menuTemplate(parts: MenuParts): MenuItemConstructorOptions[] {
  const mac = parts.platform === 'darwin'
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    { label: '&File', submenu: fileMenu(parts, mac) },
    { role: 'editMenu' },
    { label: '&View', submenu: viewMenu(parts) },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Tarsier Desktop Help', click: () => parts.command('help') },
        { label: 'Keyboard Shortcuts', click: () => parts.command('shortcuts') },
      ],
    },
  ]
}

function fileMenu(parts: MenuParts, mac: boolean): MenuItemConstructorOptions[] {
  return [
    { label: 'New Clip', accelerator: 'CmdOrCtrl+N', click: () => parts.command('new-clip') },
    { label: 'Open…', accelerator: 'CmdOrCtrl+O', click: () => parts.choose('clips') },
    { label: 'Open Folder…', accelerator: 'CmdOrCtrl+Shift+O', click: () => parts.choose('folder') },
    { label: 'Open Recent', enabled: parts.recent.length > 0, submenu: recentMenu(parts) },
    { type: 'separator' },
    { role: mac ? 'close' : 'quit' },
  ]
}

function recentMenu({ recent, open, clearRecent }: MenuParts): MenuItemConstructorOptions[] {
  return [
    // An ampersand would mark the next letter as a mnemonic.
    ...recent.map((path) => ({ label: basename(path).replaceAll('&', '&&'), toolTip: path, click: () => open(path) })),
    { type: 'separator' },
    { label: 'Clear the List', click: clearRecent },
  ]
}

function viewMenu({ developing, command }: MenuParts): MenuItemConstructorOptions[] {
  // The page handles these keys itself; the accelerators are only displayed.
  const viewItem = (label: string, key: number, name: MenuCommand): MenuItemConstructorOptions => ({
    label,
    accelerator: `Alt+${key}`,
    registerAccelerator: false,
    click: () => command(name),
  })
  return [
    { label: 'Search the Library', accelerator: 'CmdOrCtrl+K', click: () => command('find') },
    viewItem('Library', 2, 'library'),
    viewItem('Batches', 3, 'batches'),
    viewItem('Models', 4, 'models'),
    viewItem('Benchmarks', 5, 'benchmarks'),
    { type: 'separator' },
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { role: 'togglefullscreen' },
    ...(developing ? ([{ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' }] as const) : []),
  ]
}
