import { Tooltip } from 'radix-ui'
import { useEffect, useLayoutEffect } from 'react'
import { assertNever } from '../../shared/errors.ts'
import { t } from '../../shared/text.ts'
import { followAddress } from '../flows/address.ts'
import { followService } from '../flows/connection.ts'
import { onGlobalKey } from '../flows/global-keys.ts'
import { followShell } from '../flows/shell.ts'
import { useReturn } from '../hooks/use-return.ts'
import { useChat } from '../stores/chat.ts'
import { useModels } from '../stores/models.ts'
import { usePanel } from '../stores/panel.ts'
import { useSettings } from '../stores/settings.ts'
import { useView, type View } from '../stores/view.ts'
import { BatchesView } from './batch/batches-view.tsx'
import { PendingBatchDialog } from './batch/pending-batch-dialog.tsx'
import { BenchmarksView } from './bench/benchmarks-view.tsx'
import { ClipView } from './clip/clip-view.tsx'
import { DropZone } from './drop-zone.tsx'
import { ErrorBanner } from './error-banner.tsx'
import { HelpView } from './help/help-view.tsx'
import { ShortcutsDialog } from './help/shortcuts-dialog.tsx'
import { LibraryView } from './library/library-view.tsx'
import { ModelsView } from './models/models-view.tsx'
import { Rail } from './rail.tsx'
import { SettingsPanel } from './settings/settings-panel.tsx'
import { RealModelDialog } from './start/real-model-dialog.tsx'
import { Sheet } from './ui/sheet.tsx'

export function App() {
  const view = useView((state) => state.view)
  const { settings, showSettings } = usePanel()
  useEffect(followService, [])
  useEffect(followShell, [])
  useEffect(followAddress, [])
  useReturn(useModels.getState().load)
  useReturn(useSettings.getState().load)
  // Another page may have continued the conversation.
  useReturn(useChat.getState().refresh)
  // Before the page is painted: nobody sees a page that does not take keys yet.
  useLayoutEffect(() => {
    window.addEventListener('keydown', onGlobalKey)
    return () => window.removeEventListener('keydown', onGlobalKey)
  }, [])
  return (
    <Tooltip.Provider delayDuration={400}>
      <DropZone>
        <div className="flex h-full max-wide:flex-col">
          <Rail />
          <div className="flex min-h-0 min-w-0 flex-1 flex-col">
            <ErrorBanner />
            <main className="min-h-0 flex-1">
              <ViewContent view={view} />
            </main>
          </div>
        </div>
        <PendingBatchDialog />
        <RealModelDialog />
        <ShortcutsDialog />
        {settings && (
          <Sheet title={t('Settings')} onClose={() => showSettings(false)}>
            <SettingsPanel />
          </Sheet>
        )}
      </DropZone>
    </Tooltip.Provider>
  )
}

function ViewContent({ view }: { readonly view: View }) {
  switch (view) {
    case 'clip':
      return <ClipView />
    case 'library':
      return <LibraryView />
    case 'batches':
      return <BatchesView />
    case 'models':
      return <ModelsView />
    case 'benchmarks':
      return <BenchmarksView />
    case 'help':
      return <HelpView />
    default:
      return assertNever(view, 'view')
  }
}
