import { Download } from 'lucide-react'
import { useId, useState } from 'react'
import type { CatalogueModel, Fit } from '../../../shared/contract/models.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { formFirst, formKey, modelName } from '../../lib/model-names.ts'
import { useModels } from '../../stores/models.ts'
import { reportErrors } from '../../stores/problem.ts'
import { controlClass } from '../ui/field.tsx'
import { DownloadButton } from './download-button.tsx'

const fits: Readonly<Record<Fit['verdict'], { readonly label: string; readonly className: string }>> = {
  good: { label: t('fits this machine'), className: 'bg-good-soft text-good' },
  slow: { label: t('slow on this machine'), className: 'bg-accent-soft text-accent' },
  'too-large': { label: t('too large for this machine'), className: 'bg-danger-soft text-danger' },
}

interface CatalogueCardProps {
  readonly model: CatalogueModel
  /** Called with the id of the download job. */
  readonly onStarted: (job: string) => void
}

/** A downloadable checkpoint, with a choice of its forms. */
export function CatalogueCard({ model, onStarted }: CatalogueCardProps) {
  const [key, setKey] = useState(() => {
    const first = formFirst(model)
    return first && formKey(first)
  })
  const { installed, jobs, download } = useModels()
  const id = useId()
  const form = model.forms.find((each) => formKey(each) === key)
  if (!form) return null
  const { label, className } = fits[form.fit.verdict]
  const coming = jobs.some(({ source, state }) => source === model.repository && (state === 'running' || state === 'paused'))
  const get = async () => {
    const taken = [...installed, ...jobs].map(({ name }) => name)
    onStarted(await download(model, form, modelName(model, form, taken)))
  }
  return (
    <li className="flex flex-col gap-2 rounded-panel bg-panel p-4 shadow-panel">
      <div className="flex items-center gap-2">
        <h3 className="min-w-0 flex-1 truncate font-semibold">{model.title}</h3>
        <span className={`shrink-0 rounded-full px-2 text-note ${className}`}>{label}</span>
      </div>
      <p className="text-control text-quiet">{translate(model.summary)}</p>
      <label htmlFor={id} className="text-note font-medium">
        {t('Precision: language / vision')}
      </label>
      <select id={id} className={controlClass} value={key} onChange={(event) => setKey(event.target.value)}>
        {model.forms.map((each) => (
          <option key={formKey(each)} value={formKey(each)}>
            {each.recommended
              ? t('{form}: {size} (recommended)', { form: formKey(each), size: sizeText(each.bytes) })
              : `${formKey(each)}: ${sizeText(each.bytes)}`}
          </option>
        ))}
      </select>
      <p className="text-note text-quiet">{translate(form.fit.reason)}</p>
      {model.licenceNote !== null && <p className="text-note text-quiet">{t('Licence: {note}', { note: translate(model.licenceNote) })}</p>}
      <div className="mt-auto flex items-center gap-3 pt-1">
        <DownloadButton
          model={model}
          size="small"
          why={coming ? t('The download is already running') : null}
          onDownload={() => reportErrors(get)}
        >
          <Download size={14} aria-hidden="true" /> {t('Download')}
        </DownloadButton>
        <span className="text-note text-quiet">
          {t('{size} download', { size: sizeText(model.download) })} · {translate(model.licence)}
        </span>
      </div>
    </li>
  )
}
