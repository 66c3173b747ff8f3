import { app } from 'electron'
import { setupNavigation } from './navigation.ts'
import { setupPermissions } from './permissions.ts'
import { registerPageScheme, setupPageProtocol } from './protocol.ts'
import { openMainWindow, setupWindows } from './windows.ts'

// Both must come before Electron is ready.
registerPageScheme()
app.enableSandbox()

// Rules come before the first window, so that none is ever without them.
setupNavigation()
setupWindows()
// Not awaited at the top level: Electron becomes ready only after this module has been loaded to its end.
void app.whenReady().then(() => {
  setupPermissions()
  setupPageProtocol()
  openMainWindow()
})
