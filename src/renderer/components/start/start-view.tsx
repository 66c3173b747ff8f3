import { FolderOpen, Upload } from 'lucide-react'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { chooseFiles } from '../../flows/take-files.ts'
import { type Opening, useClip } from '../../stores/clip.ts'
import { Composer } from '../chat/composer.tsx'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { Examples } from './examples.tsx'
import { ModelNote } from './model-note.tsx'

/** Start page when no clip is open. */
export function StartView() {
  const { opening, refused } = useClip()
  return (
    <div className="flex h-full flex-col">
      <div className="min-h-0 flex-1 overflow-y-auto">
        {/* At the top, not centred: what appears later must not move a button from under the pointer. */}
        <div className="mx-auto flex max-w-3xl flex-col gap-6 px-6 pt-[clamp(1.5rem,6vh,6rem)] pb-6">
          <header className="space-y-1 text-center">
            <h1 className="text-display font-semibold tracking-tight text-balance">{t('What happens in your clip?')}</h1>
            <p className="text-quiet">{t('Drop a video, an image or a GIF. The model runs on this machine, and no frame leaves it.')}</p>
          </header>
          {refused && (
            <FailureNotice
              error={refused.error}
              can={{ 'other-file': () => chooseFiles(), retry: () => chooseFiles() }}
              onDismiss={() => useClip.getState().refuse('', null)}
            />
          )}
          {opening ? <OpeningCard opening={opening} /> : <DropCard />}
          <Examples />
          <ModelNote />
        </div>
      </div>
      <Composer metadata={null} />
    </div>
  )
}

function DropCard() {
  return (
    <div className="grid justify-items-center gap-4 rounded-panel border-2 border-dashed border-edge bg-panel px-6 py-8">
      <Upload size={36} strokeWidth={1.4} aria-hidden="true" className="text-accent" />
      <p className="text-center text-quiet">{t('Drop it anywhere in this window, paste it, or')}</p>
      <div className="flex flex-wrap justify-center gap-2">
        <Button variant="primary" onClick={() => chooseFiles()}>
          <Upload size={16} aria-hidden="true" /> {t('Choose a clip')}
        </Button>
        <Button onClick={() => chooseFiles('folder')}>
          <FolderOpen size={16} aria-hidden="true" /> {t('Describe a whole folder')}
        </Button>
      </div>
    </div>
  )
}

/** A clip that is being opened. */
function OpeningCard({ opening }: { readonly opening: Opening }) {
  const { name, sent, bytes, cancel } = opening
  const sending = sent !== null && sent < 1
  return (
    <div role="status" className="grid gap-3 rounded-panel bg-panel px-6 py-8 shadow-panel">
      <p className="truncate font-medium">{name}</p>
      <ProgressBar value={sending ? sent : null} label={t('Opening {name}', { name })} />
      <div className="flex items-center justify-between">
        <span className="text-control text-quiet">
          {sending ? t('Uploaded {sent} of {total}', { sent: sizeText(sent * bytes), total: sizeText(bytes) }) : t('Reading the file…')}
        </span>
        <Button size="small" onClick={cancel}>
          {t('Cancel')}
        </Button>
      </div>
    </div>
  )
}
