import { FolderOpen, X } from 'lucide-react'
import { Tabs } from 'radix-ui'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { closeClip } from '../../flows/open-clip.ts'
import { clockText } from '../../lib/time-text.ts'
import { usePanel } from '../../stores/panel.ts'
import { reportErrors } from '../../stores/problem.ts'
import { SettingsPanel } from '../settings/settings-panel.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Filmstrip } from './filmstrip.tsx'
import { MissingFile } from './missing-file.tsx'
import { Player } from './player.tsx'

const tab =
  'flex-1 border-b-2 border-transparent py-2 text-[0.8125rem] font-medium text-quiet transition-colors hover:text-text data-[state=active]:border-accent data-[state=active]:text-text'

/** Panel of the open clip: metadata, player, frames for the model, and settings. */
export function ClipPanel({ metadata }: { readonly metadata: ClipMetadata }) {
  const { tab: shown, show } = usePanel()
  const bridge = window.tarsier
  return (
    <section aria-label="Clip" className="flex min-h-0 flex-col border-r border-line">
      <header className="flex items-center gap-1 px-4 pt-3 pb-2">
        <div className="min-w-0 flex-1">
          <h1 className="truncate text-[0.9375rem] font-semibold" title={metadata.name}>
            {metadata.name}
          </h1>
          <p className="truncate text-[0.75rem] text-quiet">{metadataLine(metadata)}</p>
        </div>
        {bridge && (
          <IconButton
            icon={FolderOpen}
            label="Show the file in its folder"
            onClick={() => reportErrors(() => bridge.show(metadata.handle))}
          />
        )}
        <IconButton icon={X} label="Close the clip" side="bottom" onClick={closeClip} />
      </header>
      {metadata.present ? <Player metadata={metadata} /> : <MissingFile metadata={metadata} />}
      <Tabs.Root
        value={shown}
        onValueChange={(value) => show(value === 'settings' ? 'settings' : 'frames')}
        className="flex min-h-0 flex-1 flex-col"
      >
        <Tabs.List aria-label="Clip details" className="flex border-b border-line px-4">
          <Tabs.Trigger value="frames" className={tab}>
            Frames
          </Tabs.Trigger>
          <Tabs.Trigger value="settings" className={tab}>
            Settings
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="frames" className="min-h-0 flex-1 overflow-y-auto px-4 py-3">
          <Filmstrip metadata={metadata} />
        </Tabs.Content>
        <Tabs.Content value="settings" className="min-h-0 flex-1 overflow-y-auto px-4 py-3">
          <SettingsPanel />
        </Tabs.Content>
      </Tabs.Root>
    </section>
  )
}

function metadataLine({ kind, width, height, duration, codec, bytes }: ClipMetadata): string {
  const what = { video: 'Video', image: 'Image', gif: codec === 'gif' ? 'GIF' : 'Animation' }[kind]
  return [what, `${width} × ${height}`, ...(duration > 0 ? [clockText(duration, duration < 60 ? 2 : 0)] : []), codec, sizeText(bytes)].join(
    ' · ',
  )
}
