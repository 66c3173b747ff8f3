import type { MenuCommand } from '../../shared/bridge.ts'
import { useView } from '../stores/view.ts'
import { showSearch } from './global-keys.ts'
import { closeClip } from './open-clip.ts'
import { takeOpened } from './take-files.ts'

/** Does what the shell's menu says, and opens what the system hands to it. Nothing in a browser. */
export function followShell(): void {
  window.tarsier?.onFiles(takeOpened)
  window.tarsier?.onMenu((command) => commands[command]())
}

/** Each command of the menu. */
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
