import type { MenuCommand, OpenedFile } from '../../shared/bridge.ts'
import { useView } from '../stores/view.ts'
import { showSearch } from './global-keys.ts'
import { closeClip, openOpened } from './open-clip.ts'
import { chooseFiles } from './take-files.ts'

/** Does what the shell's menu says, and opens what the system hands to it. Nothing in a browser. */
export function followShell(): void {
  window.tarsier?.onFiles((files: readonly OpenedFile[]) => {
    const [first] = files
    if (first) void openOpened(first)
  })
  window.tarsier?.onMenu((command) => commands[command]())
}

/** Each command of the menu. */
const commands: Readonly<Record<MenuCommand, () => void>> = {
  'new-clip': closeClip,
  open: () => chooseFiles(),
  find: showSearch,
  shortcuts: () => useView.getState().showShortcuts(true),
  library: () => useView.getState().show('library'),
  batches: () => useView.getState().show('batches'),
  models: () => useView.getState().show('models'),
  help: () => useView.getState().show('help'),
}
