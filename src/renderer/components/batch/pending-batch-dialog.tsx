import { useId, useState } from 'react'
import type { CaptionShape } from '../../../shared/shaping/caption-shape.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { openGiven } from '../../flows/open-clip.ts'
import { dropPendingBatch, startBatch } from '../../flows/start-batch.ts'
import { askSettings } from '../../lib/ask-settings.ts'
import { dayText } from '../../lib/time-text.ts'
import { modelNamed } from '../../stores/models.ts'
import { type PendingBatch, usePendingBatch } from '../../stores/pending-batch.ts'
import { reportErrors } from '../../stores/problem.ts'
import { settingsNow, useSettings } from '../../stores/settings.ts'
import { ShapePicker } from '../settings/shape-picker.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { controlClass } from '../ui/field.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { RefusedFiles } from './refused-files.tsx'

/** Asks what to do with several clips that were opened together. */
export function PendingBatchDialog() {
  const pending = usePendingBatch((state) => state.pending)
  if (!pending) return null
  return <AskDialog pending={pending} />
}

function AskDialog({ pending }: { readonly pending: PendingBatch }) {
  const { files, clips, refused, sending, problem } = pending
  const model = useSettings((state) => state.view?.values.model)
  const [title, setTitle] = useState(() =>
    t('{count, plural, one {# clip} other {# clips}}, {day}', { count: files.length, day: dayText(Date.now()) }),
  )
  const [question, setQuestion] = useState('')
  const [skip, setSkip] = useState(true)
  const [shape, setShape] = useState(() => settingsNow().shape)
  const shapeId = useId()
  const chooseShape = (chosen: CaptionShape | null) => {
    setShape(chosen)
    return true
  }
  const begin = () => {
    const settings = settingsNow()
    const options = {
      title,
      question: question.trim() || undefined,
      skipDescribed: skip,
      settings: askSettings({ range: null, picked: [] }, { ...settings, shape }, modelNamed(settings.model)),
    }
    reportErrors(() => startBatch(options))
  }
  const [first] = files
  const actions = (
    <>
      <Button onClick={dropPendingBatch}>{t('Cancel')}</Button>
      {first && files.length > 1 && !sending && (
        <Button
          onClick={() => {
            dropPendingBatch()
            void openGiven(first)
          }}
        >
          {t('Open only the first clip')}
        </Button>
      )}
      <Button variant="primary" why={sending ? t('The files are being added') : null} onClick={begin}>
        {files.length === 1 ? t('Describe it') : t('Describe all {count}', { count: files.length })}
      </Button>
    </>
  )
  return (
    <Dialog
      title={t('Describe {count, plural, one {# file} other {# files}}?', { count: files.length })}
      onClose={dropPendingBatch}
      actions={actions}
    >
      <div className="space-y-3">
        <p className="text-quiet">
          {t(
            'A conversation is about one clip. These files ({size} in total) are described one after another by {model}, in the background.',
            { size: sizeText(files.reduce((sum, { size }) => sum + size, 0)), model: model ?? '' },
          )}
        </p>
        <label className="grid gap-1 text-control font-medium">
          {t('Batch name')}
          <input className={controlClass} value={title} maxLength={200} onChange={(event) => setTitle(event.target.value)} />
        </label>
        <label className="grid gap-1 text-control font-medium">
          {t('Question for each clip')}
          <textarea
            className={`${controlClass} h-auto resize-y py-1.5 font-normal`}
            rows={2}
            placeholder={t('Leave empty for the model’s default description')}
            value={question}
            onChange={(event) => setQuestion(event.target.value)}
          />
        </label>
        <div className="grid gap-1 text-control">
          <label htmlFor={shapeId} className="font-medium">
            {t('Caption shape')}
          </label>
          <ShapePicker id={shapeId} describedBy={`${shapeId}-help`} value={shape} onChange={chooseShape} />
          <p id={`${shapeId}-help`} className="text-note text-quiet">
            {t('Rules for captions of training sets. The model’s own texts are kept beside them.')}
          </p>
        </div>
        <label className="flex items-center gap-2 text-control">
          <input type="checkbox" className="size-4 accent-accent" checked={skip} onChange={(event) => setSkip(event.target.checked)} />
          {t('Skip clips for which this model has already answered this question')}
        </label>
        {sending && (
          <div className="space-y-1.5" role="status">
            <ProgressBar value={(clips.length + refused.length) / files.length} label={t('Adding files')} />
            <p className="text-control text-quiet">
              {t('Opened {count} of {total}', { count: clips.length + refused.length, total: files.length })}
            </p>
          </div>
        )}
        <RefusedFiles refused={refused} />
        {problem && <FailureNotice error={problem} can={{ retry: begin }} />}
      </div>
    </Dialog>
  )
}
