import { useState } from 'react'
import { type SidecarFormat, type SidecarReport, sidecarFormats } from '../../../shared/contract/batch.ts'
import { counted } from '../../../shared/size-text.ts'
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
  return sidecarFormats.map((format) => ({ name: `Save a .${format} next to each clip`, onPick: () => reportErrors(() => write(format)) }))
}

/** Reports the files written, and asks before existing files are overwritten. */
export function SidecarsDialog({ sidecars: { report, overwrite, close } }: { readonly sidecars: Sidecars }) {
  if (!report) return null
  const { written, present, failed } = report
  const actions = (
    <>
      {present.length > 0 && (
        <Button variant="danger" onClick={() => reportErrors(overwrite)}>
          Overwrite {counted(present.length, 'text')}
        </Button>
      )}
      <Button variant="primary" onClick={close}>
        {present.length > 0 ? 'Keep them' : 'OK'}
      </Button>
    </>
  )
  return (
    <Dialog title="Text files next to the clips" onClose={close} actions={actions}>
      <div className="space-y-3">
        <p>{counted(written, 'text')} written.</p>
        {present.length > 0 && (
          <div>
            <p className="font-medium">{counted(present.length, 'text')} already existed and were not changed:</p>
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
            <p className="font-medium">{counted(failed.length, 'text')} could not be written:</p>
            <ul className="max-h-40 overflow-y-auto text-control text-danger">
              {failed.map(({ name, error }) => (
                <li key={name}>
                  {name}: {error.message}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Dialog>
  )
}
