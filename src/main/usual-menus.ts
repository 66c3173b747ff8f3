import type { MenuItemConstructorOptions } from 'electron'
import { t } from '../shared/text.ts'

/*
 * Menus that every app has. Electron's roles bring their actions and keys, and these menus too, but with English labels only; the items and their order
 * are Electron's.
 */

type Items = MenuItemConstructorOptions[]

/** The menu with the app's name, which macOS has. */
export function appMenu(): MenuItemConstructorOptions {
  return {
    role: 'appMenu',
    submenu: [
      { role: 'about', label: t('About Tarsier Desktop') },
      { type: 'separator' },
      { role: 'services', label: t('Services') },
      { type: 'separator' },
      { role: 'hide', label: t('Hide Tarsier Desktop') },
      { role: 'hideOthers', label: t('Hide Others') },
      { role: 'unhide', label: t('Show All') },
      { type: 'separator' },
      quitItem('darwin'),
    ],
  }
}

export function quitItem(platform: NodeJS.Platform): MenuItemConstructorOptions {
  if (platform === 'darwin') return { role: 'quit', label: t('Quit Tarsier Desktop') }
  return { role: 'quit', label: platform === 'win32' ? t('Exit') : t('Quit') }
}

export function editMenu(platform: NodeJS.Platform): MenuItemConstructorOptions {
  const remove = { role: 'delete', label: t('Delete') } as const
  const selectAll = { role: 'selectAll', label: t('Select All') } as const
  const others: Items =
    platform === 'darwin'
      ? [{ role: 'pasteAndMatchStyle', label: t('Paste and Match Style') }, remove, selectAll, ...macTextItems()]
      : [remove, { type: 'separator' }, selectAll]
  return {
    role: 'editMenu',
    label: t('&Edit'),
    submenu: [
      { role: 'undo', label: t('Undo') },
      { role: 'redo', label: t('Redo') },
      { type: 'separator' },
      { role: 'cut', label: t('Cut') },
      { role: 'copy', label: t('Copy') },
      { role: 'paste', label: t('Paste') },
      ...others,
    ],
  }
}

function macTextItems(): Items {
  return [
    { type: 'separator' },
    {
      label: t('Substitutions'),
      submenu: [
        { role: 'showSubstitutions', label: t('Show Substitutions') },
        { type: 'separator' },
        { role: 'toggleSmartQuotes', label: t('Smart Quotes') },
        { role: 'toggleSmartDashes', label: t('Smart Dashes') },
        { role: 'toggleTextReplacement', label: t('Text Replacement') },
      ],
    },
    {
      label: t('Speech'),
      submenu: [
        { role: 'startSpeaking', label: t('Start Speaking') },
        { role: 'stopSpeaking', label: t('Stop Speaking') },
      ],
    },
  ]
}

export function windowMenu(platform: NodeJS.Platform): MenuItemConstructorOptions {
  const others: Items =
    platform === 'darwin'
      ? [{ type: 'separator' }, { role: 'front', label: t('Bring All to Front') }]
      : [{ role: 'close', label: t('Close') }]
  return {
    role: 'windowMenu',
    label: t('&Window'),
    submenu: [{ role: 'minimize', label: t('Minimize') }, { role: 'zoom', label: t('Zoom') }, ...others],
  }
}
