import { counted, sizeText } from '../../../shared/size-text.ts'
import { showSettings } from '../../flows/ask.ts'
import { durationText } from '../../lib/time-text.ts'
import { useCost } from '../../stores/cost.ts'
import { useModels } from '../../stores/models.ts'
import { useSettings } from '../../stores/settings.ts'

/** Estimated cost of the next question. */
export function CostLine() {
  const { cost, problem } = useCost()
  const model = useSettings((state) => state.view?.values.model)
  const demo = useModels((state) => state.installed.some(({ name, demo }) => demo && name === model))
  if (problem) return <p className="px-2 pb-1.5 text-[0.75rem] text-danger">{problem.message}</p>
  if (!cost) return <p className="px-2 pb-1.5 text-[0.75rem] text-quiet">&nbsp;</p>
  if (cost.problem) return <p className="px-2 pb-1.5 text-[0.75rem] text-danger">{cost.problem.message}</p>
  const parts = [
    counted(cost.frames.length, 'frame'),
    `${cost.tokens.context.toLocaleString('en')} of ${cost.tokens.limit.toLocaleString('en')} tokens`,
    sizeText(cost.memory.total),
    ...(cost.seconds === null ? [] : [`first word in ${durationText(cost.seconds.firstToken)}`]),
  ]
  return (
    <div className="flex flex-wrap items-center gap-x-2 px-2 pb-1.5 text-[0.75rem] text-quiet">
      <button type="button" onClick={showSettings} className="font-medium text-accent hover:underline">
        {model}
      </button>
      {demo && <span className="text-accent">supports only moving shapes</span>}
      <span>{parts.join(' · ')}</span>
      {cost.notices.map((text) => (
        <span key={text}>{text}</span>
      ))}
    </div>
  )
}
