import { Check } from 'lucide-react'
import { useEffect, useState } from 'react'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { type Run, secondsLeft, stageSteps, stageText, stepOf, timeLeftText } from '../../lib/run.ts'
import { useCost } from '../../stores/cost.ts'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { Prose } from './prose.tsx'
import { QuestionBubble } from './question-bubble.tsx'

/** A running answer: its progress and the text so far. */
export function RunView({ run }: { readonly run: Run }) {
  return (
    <article aria-label={t('Answer being generated')} aria-busy="true" className="space-y-3">
      {run.turn && <QuestionBubble text={run.turn.question} />}
      {run.stage !== 'writing' && <Stages run={run} />}
      {run.notices.map((text) => (
        <p key={text} className="text-control text-quiet">
          {translate(text)}
        </p>
      ))}
      {run.text && <Prose text={run.text} />}
      {run.stage === 'writing' && (
        <p className="flex items-center gap-2 text-control text-quiet">
          <span className="size-2 rounded-full bg-accent breathing" /> {t('Writing…')}
        </p>
      )}
    </article>
  )
}

function Stages({ run }: { readonly run: Run }) {
  const estimate = useCost((state) => state.cost?.seconds?.firstToken ?? null)
  const now = useNow()
  const step = stepOf(run)
  const value = run.stage === 'looking' && run.of > 0 ? run.done / run.of : null
  return (
    <div className="max-w-md space-y-2.5 rounded-panel bg-sunk px-4 py-3">
      <div className="flex items-baseline justify-between gap-3">
        <span className="font-medium">{stageText(run)}</span>
        <span className="text-control text-quiet tabular-nums">{timeLeftText(secondsLeft(run, now, estimate))}</span>
      </div>
      <ProgressBar value={value} label={stageText(run)} />
      <ol className="flex gap-4 text-note">
        {stageSteps.map((name, i) => (
          <li key={name} className={`flex items-center gap-1 ${i === step ? 'font-semibold text-accent' : 'text-quiet'}`}>
            {i < step && <Check size={12} aria-hidden="true" />}
            {name}
          </li>
        ))}
      </ol>
    </div>
  )
}

/** The current time, updated twice a second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return now
}
