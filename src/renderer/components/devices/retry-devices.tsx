import { useState } from 'react'
import type { TarsierError } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { problemOf } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'

interface RetryDevicesProps {
  /** Called after the failed results were removed. */
  readonly onRetried?: () => void
}

/** A button that deletes the results of GPUs that crashed or failed their test, so that they are used again, for example after a driver update. */
export function RetryDevices({ onRetried }: RetryDevicesProps) {
  const [removed, setRemoved] = useState<number | null>(null)
  const [problem, setProblem] = useState<TarsierError | null>(null)
  const retry = async () => {
    setProblem(null)
    try {
      setRemoved(await service.system.retryDevices())
      onRetried?.()
    } catch (error) {
      setProblem(problemOf(error))
    }
  }
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button size="small" onClick={() => void retry()}>
        {t('Try GPUs again')}
      </Button>
      <p role="status" className="text-note text-quiet">
        {removed !== null && outcome(removed)}
      </p>
      {problem && <FailureNotice error={problem} can={{ retry: () => void retry() }} />}
    </div>
  )
}

function outcome(removed: number): string {
  if (removed === 0) return t('No GPU has failed.')
  return t('{removed, plural, one {The next answer tries the failed GPU again.} other {The next answer tries the failed GPUs again.}}', {
    removed,
  })
}
