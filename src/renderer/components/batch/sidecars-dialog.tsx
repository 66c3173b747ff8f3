import { useState } from 'react'
import { type SidecarFormat, type SidecarReport, sidecarFormats } from '../../../shared/contract/batch.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

interface Sidecars {
  readonly report: SidecarReport | null
  readonly write: (format: SidecarFormat) => Promise<void>
  /** Writes the files of the last format again, over those that exist. */
  readonly overwrite: () => Promise<void>
  readonly close: () => void
}

/** Writes a text file next to each clip and holds the result. */
export function useSidecars(job: string): Sidecars {
  const [{ report, format }, setDone] = useState<{ report: SidecarReport | null; format: SidecarFormat }>({ report: null, format: 'txt' })
  const write = async (format: SidecarFormat, overwrite: boolean) =>
    setDone({ report: await service.batch.sidecars({ job, overwrite, format }), format })
  return {
    report,
    write: (chosen) => write(chosen, false),
    overwrite: () => write(format, true),
    close: () => setDone({ report: null, format }),
  }
}

/** Menu items that write a file next to each clip. */
export function sidecarItems({ write }: Sidecars) {
  return sidecarFormats.map((format) => ({
    name: t('Save a .{format} next to each clip', { format }),
    onPick: () => reportErrors(() => write(format)),
  }))
}

/** Reports the files written, and asks before existing files are overwritten. */
export function SidecarsDialog({ sidecars: { report, overwrite, close } }: { readonly sidecars: Sidecars }) {
  if (!report) return null
  const { written, present, failed } = report
  const actions = (
    <>
      {present.length > 0 && (
        <Button variant="danger" onClick={() => reportErrors(overwrite)}>
          {t('Overwrite {count, plural, one {# text} other {# texts}}', { count: present.length })}
        </Button>
      )}
      <Button variant="primary" onClick={close}>
        {present.length > 0 ? t('Keep them') : t('OK')}
      </Button>
    </>
  )
  return (
    <Dialog title={t('Text files next to the clips')} onClose={close} actions={actions}>
      <div className="space-y-3">
        <p>{t('{count, plural, one {# text} other {# texts}} written.', { count: written })}</p>
        {present.length > 0 && (
          <div>
            <p className="font-medium">
              {t('{count, plural, one {# text} other {# texts}} already existed and were not changed:', { count: present.length })}
            </p>
            <ul className="max-h-40 overflow-y-auto text-control text-quiet">
              {present.map((path) => (
                <li key={path} className="wrap-anywhere">
                  {path}
                </li>
              ))}
            </ul>
          </div>
        )}
        {failed.length > 0 && (
          <div>
            <p className="font-medium">
              {t('{count, plural, one {# text} other {# texts}} could not be written:', { count: failed.length })}
            </p>
            <ul className="max-h-40 overflow-y-auto text-control text-danger">
              {failed.map(({ name, error }, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: files of different folders may have the same name.
                <li key={i}>{t('{name}: {message}', { name, message: translate(error.message) })}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Dialog>
  )
}
