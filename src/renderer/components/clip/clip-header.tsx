import { Check, FolderOpen, Link, X } from 'lucide-react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { closeClip } from '../../flows/open-clip.ts'
import { useCopied } from '../../hooks/use-copied.ts'
import { copyText } from '../../lib/copy-text.ts'
import { clockText } from '../../lib/time-text.ts'
import { usePlayer } from '../../stores/player.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ClipExport } from './clip-export.tsx'
import { ModelChip } from './model-chip.tsx'

/** The clip's name and facts, the model, and what can be done with the whole clip. */
export function ClipHeader({ metadata }: { readonly metadata: ClipMetadata }) {
  const bridge = window.tarsier
  return (
    <header className="flex h-13 shrink-0 items-center gap-1.5 border-b border-line px-4 max-wide:px-3">
      <div className="flex min-w-0 flex-1 items-baseline gap-x-3 max-wide:flex-col">
        <h1 className="max-w-full shrink truncate font-semibold" title={metadata.name}>
          {metadata.name}
        </h1>
        <p className="max-w-full min-w-0 shrink-[2] truncate text-control text-quiet tabular-nums max-wide:text-note">
          {metadataLine(metadata)}
        </p>
      </div>
      <ModelChip />
      {bridge && (
        <IconButton
          icon={FolderOpen}
          label={t('Show the file in its folder')}
          side="bottom"
          onClick={() => reportErrors(() => bridge.show(metadata.handle))}
        />
      )}
      {metadata.kind === 'video' && <CopyMoment handle={metadata.handle} />}
      <ClipExport metadata={metadata} />
      <IconButton icon={X} label={t('Close the clip')} side="bottom" onClick={closeClip} />
    </header>
  )
}

/** Copies an address with the time that the player shows: of the clip's file in the app's window, of the page in a browser. */
function CopyMoment({ handle }: { readonly handle: string }) {
  const { copied, copy } = useCopied(async () => {
    const { time } = usePlayer.getState()
    // Nothing outside the window opens the address of its page.
    if (window.tarsier) await window.tarsier.copyMoment(handle, time)
    else await copyText(pageAddress(time))
  })
  const Icon = copied ? Check : Link
  return (
    <Button variant="quiet" size="small" onClick={copy} className="min-h-8">
      <Icon size={16} aria-hidden="true" /> <span className="max-wide:sr-only">{copied ? t('Copied') : t('Copy moment')}</span>
    </Button>
  )
}

function pageAddress(time: number): string {
  const address = new URL(window.location.href)
  const [place = ''] = address.hash.split('?')
  address.hash = `${place}?t=${time.toFixed(2)}`
  return address.href
}

function metadataLine({ kind, width, height, duration, codec, bytes }: ClipMetadata): string {
  const what = { video: t('Video'), image: t('Image'), gif: codec === 'gif' ? 'GIF' : t('Animation') }[kind]
  return [what, `${width} × ${height}`, ...(duration > 0 ? [clockText(duration, duration < 60 ? 2 : 0)] : []), codec, sizeText(bytes)].join(
    ' · ',
  )
}
