import type { MenuCommand } from '../../shared/bridge.ts'
import { followUpdates } from '../stores/updates.ts'
import { useView } from '../stores/view.ts'
import { showSearch } from './global-keys.ts'
import { closeClip } from './open-clip.ts'
import { takeOpened } from './take-files.ts'

/** Handles commands from the shell's menu and files from the system. Does nothing in a browser. */
export function followShell(): void {
  window.tarsier?.onFiles(takeOpened)
  followUpdates()
  window.tarsier?.onMenu((command) => commands[command]())
}

/** Actions of the menu commands. */
const commands: Readonly<Record<MenuCommand, () => void>> = {
  'new-clip': closeClip,
  find: showSearch,
  shortcuts: () => useView.getState().showShortcuts(true),
  library: () => useView.getState().show('library'),
  batches: () => useView.getState().show('batches'),
  models: () => useView.getState().show('models'),
  benchmarks: () => useView.getState().show('benchmarks'),
  help: () => useView.getState().show('help'),
}
