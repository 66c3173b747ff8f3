import { useState } from 'react'
import { useProblem } from '../../stores/problem.ts'
import { FailureNotice } from './failure-notice.tsx'

/** The last error of an action in an open dialog. The page's banner is behind the dialog, where it can be neither reached nor heard. */
export function ModalProblem() {
  const { problem, dismiss } = useProblem()
  const [before] = useState(problem)
  if (!problem || problem === before) return null
  return (
    <div className="pb-3">
      <FailureNotice error={problem} onDismiss={dismiss} />
    </div>
  )
}
