import { FolderInput } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ModelJob } from '../../../shared/contract/models.ts'
import { assertNever } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { useModels } from '../../stores/models.ts'
import { reportErrors } from '../../stores/problem.ts'
import { NeverConnectNotice } from '../connections/never-connect-notice.tsx'
import { Button } from '../ui/button.tsx'
import { ViewHeader } from '../view-header.tsx'
import { CatalogueCard } from './catalogue-card.tsx'
import { ImportDialog } from './import-dialog.tsx'
import { InstalledCard } from './installed-card.tsx'
import { JobCard } from './job-card.tsx'

/** Installed models, running downloads and imports, and the catalogue. */
export function ModelsView() {
  const { installed, catalogue, jobs, load, loadCatalogue } = useModels()
  const [importing, setImporting] = useState(false)
  const [started, setStarted] = useState<string | null>(null)
  const coming = jobs.find(({ id }) => id === started)
  useEffect(() => {
    reportErrors(load)
    reportErrors(loadCatalogue)
  }, [load, loadCatalogue])
  const noShell = window.tarsier ? null : t('A browser cannot open a folder of this disk. Use the terminal: tarsier models import FOLDER')
  return (
    <div className="flex h-full flex-col">
      <ViewHeader
        title={t('Models')}
        lead={t('Vision and language models. They run on this machine; only the download needs an internet connection.')}
      >
        <Button why={noShell} onClick={() => setImporting(true)}>
          <FolderInput size={16} aria-hidden="true" /> {t('Import a folder…')}
        </Button>
      </ViewHeader>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard. */}
      <section className="min-h-0 flex-1 space-y-6 overflow-y-auto px-6 pb-8" tabIndex={0} aria-label={t('Models')}>
        {jobs.length > 0 && (
          <section aria-labelledby="coming" className="space-y-2">
            <h2 id="coming" className="font-semibold">
              {t('Downloads and imports')}
            </h2>
            <ul className="space-y-2">
              {jobs.map((job) => (
                <JobCard key={job.id} job={job} started={job.id === started} />
              ))}
            </ul>
          </section>
        )}
        <section aria-labelledby="here" className="space-y-2">
          <h2 id="here" className="font-semibold">
            {t('Installed')}
          </h2>
          <ul className="grid grid-cols-[repeat(auto-fill,minmax(20rem,1fr))] gap-3">
            {installed.map((model) => (
              <InstalledCard key={model.name} model={model} />
            ))}
          </ul>
        </section>
        <section aria-labelledby="catalogue" className="space-y-2">
          <h2 id="catalogue" className="font-semibold">
            {t('Available for download')}
          </h2>
          <NeverConnectNotice />
          <ul className="grid grid-cols-[repeat(auto-fill,minmax(20rem,1fr))] gap-3">
            {catalogue.map((model) => (
              <CatalogueCard key={model.repository} model={model} onStarted={setStarted} />
            ))}
          </ul>
        </section>
      </section>
      <p role="status" className="sr-only">
        {coming ? startedText(coming) : ''}
      </p>
      {importing && <ImportDialog onStarted={setStarted} onClose={() => setImporting(false)} />}
    </div>
  )
}

/** Screen reader announcement for a requested model: only its state, not its progress. */
function startedText({ name, state }: ModelJob): string {
  switch (state) {
    case 'running':
      return t('{name} is being installed.', { name })
    case 'paused':
      return t('{name} is paused.', { name })
    case 'done':
      return t('{name} is installed.', { name })
    case 'failed':
      return t('{name} could not be installed.', { name })
    case 'cancelled':
      return ''
    default:
      return assertNever(state, 'state of a job')
  }
}
