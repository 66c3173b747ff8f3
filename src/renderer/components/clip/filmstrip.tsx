import { Hand, Undo2 } from 'lucide-react'
import type { ClipMetadata, FramePicture } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { useFrames } from '../../stores/frames.ts'
import { usePlayer } from '../../stores/player.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { RichText } from '../ui/rich-text.tsx'
import { StripFrame } from './strip-frame.tsx'

/** The exact frames that the model receives, at the model's resolution. */
export function Filmstrip({ metadata }: { readonly metadata: ClipMetadata }) {
  const { pictures, of, problem, turn, showNext } = useFrames()
  const picked = usePlayer((state) => state.picked)
  const { beginPicking, clearPicks } = usePlayer.getState()
  const [first] = pictures
  const frames = <span className="font-normal text-quiet">{first ? summary(first, of) : t('reading the frames…')}</span>
  const missing = Math.max(0, (of || 4) - pictures.length)
  if (!metadata.present && pictures.length === 0)
    return <p className="text-quiet">{t('The file is missing. Locate it to see its frames.')}</p>
  return (
    <section aria-label={t('Frames for the model')} className="space-y-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <p className="min-w-0 flex-1 text-control font-medium">
          {turn === null ? (
            <RichText message="The model will receive {frames}" values={{ frames }} />
          ) : (
            <RichText message="For question {number} the model received {frames}" values={{ number: turn + 1, frames }} />
          )}
        </p>
        {turn !== null && (
          <Button size="small" variant="quiet" onClick={() => void showNext()}>
            <Undo2 size={14} aria-hidden="true" /> {t('Show frames of the next question')}
          </Button>
        )}
        {turn === null && metadata.kind !== 'image' && (
          <ByHand complete={of > 0 && pictures.length === of} picked={picked} begin={beginPicking} clear={clearPicks} />
        )}
      </div>
      {picked.length > 0 && turn === null && (
        <p className="text-note text-quiet">
          {t('Manual selection: remove frames here. To add the frame shown in the player, click its plus button or press P.')}
        </p>
      )}
      {problem && <FailureNotice error={problem} />}
      {!problem && (
        <ol className="grid grid-cols-[repeat(auto-fill,minmax(6.5rem,1fr))] gap-2">
          {pictures.map((picture) => (
            <StripFrame
              key={`${picture.done} ${picture.index}`}
              picture={picture}
              metadata={metadata}
              byHand={picked.length > 1 && turn === null}
            />
          ))}
          {Array.from({ length: missing }, (_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the placeholders are identical.
            <li key={`empty ${i}`} aria-hidden="true" className="breathing aspect-video rounded-control bg-sunk" />
          ))}
        </ol>
      )}
    </section>
  )
}

function summary({ width, height }: FramePicture, of: number): string {
  return t('{count, plural, one {# frame} other {# frames}} of {width} × {height} pixels', { count: of, width, height })
}

function ByHand({
  complete,
  picked,
  begin,
  clear,
}: {
  /** Whether all frames have been read. */
  readonly complete: boolean
  readonly picked: readonly number[]
  readonly begin: () => void
  readonly clear: () => void
}) {
  if (picked.length > 0) {
    return (
      <Button size="small" variant="quiet" onClick={clear}>
        <Undo2 size={14} aria-hidden="true" /> {t('Select automatically')}
      </Button>
    )
  }
  return (
    <Button size="small" variant="quiet" onClick={begin} why={!complete ? t('The frames are still being read') : null}>
      <Hand size={14} aria-hidden="true" /> {t('Select manually')}
    </Button>
  )
}
