import { useState } from 'react'
import type { SidecarReport } from '../../../shared/contract/batch.ts'
import { counted } from '../../../shared/size-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

interface Sidecars {
  readonly report: SidecarReport | null
  readonly write: (overwrite: boolean) => Promise<void>
  readonly close: () => void
}

/** Writes a text file next to each clip and holds the result. */
export function useSidecars(job: string): Sidecars {
  const [report, setReport] = useState<SidecarReport | null>(null)
  return {
    report,
    write: async (overwrite) => setReport(await service.batch.sidecars({ job, overwrite })),
    close: () => setReport(null),
  }
}

/** Reports the files written, and asks before existing files are overwritten. */
export function SidecarsDialog({ sidecars: { report, write, close } }: { readonly sidecars: Sidecars }) {
  if (!report) return null
  const { written, present, failed } = report
  const actions = (
    <>
      {present.length > 0 && (
        <Button variant="danger" onClick={() => reportErrors(() => write(true))}>
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
            <ul className="max-h-40 overflow-y-auto text-[0.8125rem] text-quiet">
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
            <ul className="max-h-40 overflow-y-auto text-[0.8125rem] text-danger">
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
