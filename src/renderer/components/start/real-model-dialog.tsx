import { useEffect, useState } from 'react'
import type { CatalogueForm, CatalogueModel } from '../../../shared/contract/models.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { formFirst, modelName, suggestedModel } from '../../lib/model-names.ts'
import { durationText } from '../../lib/time-text.ts'
import { useModels } from '../../stores/models.ts'
import { reportErrors } from '../../stores/problem.ts'
import { useRealModel } from '../../stores/real-model.ts'
import { useSettings } from '../../stores/settings.ts'
import { useView } from '../../stores/view.ts'
import { NeverConnectNotice } from '../connections/never-connect-notice.tsx'
import { DownloadButton } from '../models/download-button.tsx'
import { JobCard } from '../models/job-card.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

/** Bytes per second of 100 Mbit/s, for an impression of the time that a download takes. */
const USUAL_SPEED = 12.5e6

/** Offers the model of the catalogue that fits this machine, shows its download, and lets the user choose it afterwards. */
export function RealModelDialog() {
  return useRealModel((state) => state.offered) ? <Offer /> : null
}

function Offer() {
  const close = () => useRealModel.getState().offer(false)
  const { installed, catalogue, jobs, loadCatalogue, download } = useModels()
  const [started, setStarted] = useState<string | null>(null)
  useEffect(() => reportErrors(loadCatalogue), [loadCatalogue])
  const model = suggestedModel(catalogue)
  const form = model && formFirst(model)
  const job = jobs.find(({ id, source, state }) => id === started || (source === model?.repository && state !== 'done'))
  const ready = job?.state === 'done' ? job.name : installed.find(({ demo, problem }) => !demo && problem === null)?.name
  const get = async (chosen: CatalogueModel, of: CatalogueForm) => {
    const taken = [...installed, ...jobs].map(({ name }) => name)
    setStarted(await download(chosen, of, modelName(chosen, of, taken)))
  }
  const choose = (name: string) => {
    void useSettings.getState().set({ model: name })
    close()
  }
  const others = () => {
    close()
    useView.getState().show('models')
  }
  const actions = (
    <>
      <Button onClick={others}>{t('Other models')}</Button>
      {ready !== undefined ? (
        <Button variant="primary" onClick={() => choose(ready)}>
          {t('Use it')}
        </Button>
      ) : (
        model &&
        form &&
        !job && (
          <DownloadButton model={model} onDownload={() => reportErrors(() => get(model, form))}>
            {t('Download {size}', { size: sizeText(model.download) })}
          </DownloadButton>
        )
      )}
    </>
  )
  return (
    <Dialog title={t('Get a real model')} onClose={close} actions={actions}>
      <div className="space-y-3">
        <p className="text-quiet">
          {t(
            'The demo model shows how Tarsier works, but it knows only moving shapes. A real model describes any clip. It is downloaded once and then runs on this machine.',
          )}
        </p>
        {ready === undefined && <NeverConnectNotice />}
        {ready !== undefined ? (
          <p role="status">{t('{name} is installed.', { name: ready })}</p>
        ) : (
          model && form && <Requirements model={model} form={form} />
        )}
        {job && job.state !== 'done' && (
          <ul>
            <JobCard job={job} started={false} />
          </ul>
        )}
      </div>
    </Dialog>
  )
}

function Requirements({ model, form }: { readonly model: CatalogueModel; readonly form: CatalogueForm }) {
  const time = durationText(Math.ceil(model.download / USUAL_SPEED / 60) * 60)
  const rows = [
    [t('Download'), t('{size}, about {time} at 100 Mbit/s', { size: sizeText(model.download), time })],
    [t('On this disk'), sizeText(form.bytes)],
    [t('Memory'), translate(form.fit.reason)],
    [t('Licence'), model.licenceNote === null ? translate(model.licence) : `${translate(model.licence)}. ${translate(model.licenceNote)}`],
  ] as const
  return (
    <section aria-label={model.title} className="space-y-1">
      <h3 className="font-semibold">{model.title}</h3>
      <p className="text-quiet">{translate(model.summary)}</p>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-control">
        {rows.map(([what, how]) => (
          <div key={what} className="contents">
            <dt className="text-quiet">{what}</dt>
            <dd>{how}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
