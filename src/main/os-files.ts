import { app } from 'electron'
import { z } from 'zod'
import { filesOnCommandLine } from './command-line.ts'
import { PathCollector } from './path-collector.ts'
import { showMainWindow } from './windows.ts'

const passedOn = z.object({ files: z.array(z.string()).max(100_000) })

/**
 * Enforces a single instance: a second start passes its files to the first and quits. Returns false in the second one, which must do nothing
 * more. In the first, `open` is called with the files from its own command line, from later starts and from the dock.
 */
export function setupOsFiles(open: (paths: readonly string[]) => void): boolean {
  const own = app.isPackaged ? 1 : 2
  const files = filesOnCommandLine(process.argv, own, process.cwd())
  // Passed as additional data, because Chromium reorders the arguments of the command line.
  if (!app.requestSingleInstanceLock({ files })) {
    app.quit()
    return false
  }
  const collector = new PathCollector(open)
  app.on('second-instance', (_event, _argv, _folder, data) => {
    showMainWindow()
    const passed = passedOn.safeParse(data)
    if (passed.success) collector.add(passed.data.files)
  })
  app.on('open-file', (event, path) => {
    event.preventDefault()
    showMainWindow()
    collector.add([path])
  })
  collector.add(files)
  return true
}
