import { Download, FolderOpen, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { CrashReport } from '../../../shared/crash-report.ts'
import { currentLanguage, t } from '../../../shared/text.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { saveText } from '../../lib/save-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { RichText } from '../ui/rich-text.tsx'

const askCrashes = () => service.system.crashes()
const times = new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })

/** Reports of crashes, which lie on this machine until the user exports or deletes them. */
export function CrashesPage() {
  const { answer: crashes, problem, again } = useAnswer(askCrashes)
  const [withPaths, setWithPaths] = useState(false)
  if (problem) return <FailureNotice error={problem} can={{ retry: again }} />
  if (!crashes) return <p className="text-quiet">{t('Loading…')}</p>
  const { folder, reports } = crashes
  if (reports.length === 0)
    return <p className="text-quiet">{t('Nothing has crashed. Reports of crashes would be stored on this machine, and never sent.')}</p>
  const remove = (id?: string) =>
    reportErrors(async () => {
      await service.system.deleteCrashes(id === undefined ? {} : { id })
      again()
    })
  return (
    <div className="max-w-2xl space-y-3">
      <p className="text-quiet">{t('These reports lie on this machine and are never sent. Export them to add them to a bug report.')}</p>
      <p className="text-control">
        <RichText
          message="Folder: {folder}"
          values={{ folder: <code className="rounded-mark bg-sunk px-1.5 py-0.5 font-mono wrap-anywhere">{folder}</code> }}
        />
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <Button variant="primary" onClick={() => reportErrors(async () => saveText(await service.system.exportCrashes({ withPaths })))}>
          <Download size={16} aria-hidden="true" /> {t('Export')}
        </Button>
        {window.tarsier && (
          <Button onClick={() => reportErrors(async () => window.tarsier?.showCrashReports())}>
            <FolderOpen size={16} aria-hidden="true" /> {t('Show in folder')}
          </Button>
        )}
        <Button variant="danger" onClick={() => remove()}>
          <Trash2 size={16} aria-hidden="true" /> {t('Delete all')}
        </Button>
        <label className="flex items-center gap-2 text-control">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={withPaths}
            onChange={(event) => setWithPaths(event.target.checked)}
          />
          {t('Include file paths and names of clips in the export')}
        </label>
      </div>
      <ul className="space-y-2">
        {reports.map((report) => (
          <CrashCard key={report.id} report={report} onRemove={() => remove(report.id)} />
        ))}
      </ul>
    </div>
  )
}

function CrashCard({ report, onRemove }: { readonly report: CrashReport; readonly onRemove: () => void }) {
  const { time, process, reason, stack, output, version } = report
  const details = [stack, output].filter((text) => text.trim() !== '').join('\n\n')
  const when = times.format(time)
  return (
    <li className="space-y-1 rounded-panel bg-panel px-4 py-3 shadow-panel">
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <p className="font-medium wrap-anywhere">
            {process}: {reason}
          </p>
          <p className="text-note text-quiet">{t('{when} · version {version}', { when, version })}</p>
        </div>
        <IconButton icon={Trash2} label={t('Delete the report of {when}', { when })} onClick={onRemove} />
      </div>
      {details !== '' && (
        <details className="text-control">
          <summary className="cursor-pointer">{t('Details')}</summary>
          <pre className="overflow-x-auto pt-1 font-mono text-note whitespace-pre-wrap wrap-anywhere">{details}</pre>
        </details>
      )}
    </li>
  )
}
