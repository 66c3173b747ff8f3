import { basename } from 'node:path'
import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { MenuCommand } from '../shared/bridge.ts'
import { t } from '../shared/text.ts'
import { appMenu, editMenu, quitItem, windowMenu } from './usual-menus.ts'

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

/** Builds the native menu in the current language. Commands for the page are sent over its own channel. */
export function menuTemplate(parts: MenuParts): MenuItemConstructorOptions[] {
  const { platform } = parts
  return [
    ...(platform === 'darwin' ? [appMenu()] : []),
    { label: t('&File'), submenu: fileMenu(parts) },
    editMenu(platform),
    { label: t('&View'), submenu: viewMenu(parts) },
    windowMenu(platform),
    {
      role: 'help',
      label: t('&Help'),
      submenu: [
        { label: t('Tarsier Desktop Help'), click: () => parts.command('help') },
        { label: t('Keyboard Shortcuts'), click: () => parts.command('shortcuts') },
      ],
    },
  ]
}

function fileMenu(parts: MenuParts): MenuItemConstructorOptions[] {
  const { platform, recent, command, choose } = parts
  return [
    { label: t('New Clip'), accelerator: 'CmdOrCtrl+N', click: () => command('new-clip') },
    { label: t('Open…'), accelerator: 'CmdOrCtrl+O', click: () => choose('clips') },
    { label: t('Open Folder…'), accelerator: 'CmdOrCtrl+Shift+O', click: () => choose('folder') },
    { label: t('Open Recent'), enabled: recent.length > 0, submenu: recentMenu(parts) },
    { type: 'separator' },
    platform === 'darwin' ? { role: 'close', label: t('Close Window') } : quitItem(platform),
  ]
}

function recentMenu({ recent, open, clearRecent }: MenuParts): MenuItemConstructorOptions[] {
  return [
    // An ampersand would mark the next letter as a mnemonic.
    ...recent.map((path) => ({ label: basename(path).replaceAll('&', '&&'), toolTip: path, click: () => open(path) })),
    { type: 'separator' },
    { label: t('Clear the List'), click: clearRecent },
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
    { label: t('Search the Library'), accelerator: 'CmdOrCtrl+K', click: () => command('find') },
    viewItem(t('Library'), 2, 'library'),
    viewItem(t('Batches'), 3, 'batches'),
    viewItem(t('Models'), 4, 'models'),
    viewItem(t('Benchmarks'), 5, 'benchmarks'),
    { type: 'separator' },
    { role: 'resetZoom', label: t('Actual Size') },
    { role: 'zoomIn', label: t('Zoom In') },
    { role: 'zoomOut', label: t('Zoom Out') },
    { role: 'togglefullscreen', label: t('Toggle Full Screen') },
    ...(developing ? ([{ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' }] as const) : []),
  ]
}
