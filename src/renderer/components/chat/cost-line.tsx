import type { ErrorData } from '../../../shared/errors.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { chooseFrames, showSettings } from '../../flows/ask.ts'
import { newChatWithQuestion } from '../../flows/open-clip.ts'
import { durationText } from '../../lib/time-text.ts'
import { useChat } from '../../stores/chat.ts'
import { useCost } from '../../stores/cost.ts'
import { useModels } from '../../stores/models.ts'
import { reportErrors } from '../../stores/problem.ts'
import { useSettings } from '../../stores/settings.ts'
import { Button } from '../ui/button.tsx'

/** Estimated cost of the next question. */
export function CostLine() {
  const { cost, problem } = useCost()
  const model = useSettings((state) => state.view?.values.model)
  const recognizesOnly = useModels((state) => state.installed.find(({ name }) => name === model)?.recognizesOnly)
  if (problem) return <p className="px-2 pt-1.5 text-note text-danger">{translate(problem.message)}</p>
  if (!cost) return <p className="px-2 pt-1.5 text-note text-quiet">{'\u00a0'}</p>
  if (cost.problem) return <Refusal problem={cost.problem} />
  const parts = [
    t('{count, plural, one {# frame} other {# frames}}', { count: cost.frames.length }),
    t('{used, number} of {limit, number} tokens', { used: cost.tokens.context, limit: cost.tokens.limit }),
    sizeText(cost.memory.total),
    ...(cost.seconds === null ? [] : [t('first word in {duration}', { duration: durationText(cost.seconds.firstToken) })]),
  ]
  return (
    <div className="flex flex-wrap items-center gap-x-2 px-2 pt-1.5 text-note text-quiet">
      <button type="button" onClick={showSettings} className="font-medium text-accent hover:underline">
        {model}
      </button>
      {recognizesOnly && <span className="text-accent">{t('recognizes only {what}', { what: translate(recognizesOnly) })}</span>}
      <span>{parts.join(' · ')}</span>
      {cost.notices.map((text) => (
        <span key={text}>{translate(text)}</span>
      ))}
    </div>
  )
}

/** Why the next question would be refused, and what would help. */
function Refusal({ problem: { code, message, details } }: { readonly problem: ErrorData }) {
  const turns = useChat((state) => state.chat?.all.length ?? 0)
  const frames = typeof details?.frames === 'number' ? details.frames : null
  const full = code === 'context-full'
  return (
    <div role="status" className="flex flex-wrap items-center gap-x-2 gap-y-1 px-2 pt-1.5 text-note">
      <p className="min-w-0 flex-1 basis-60 text-danger">{translate(message)}</p>
      {frames !== null && (
        <Button size="small" onClick={() => chooseFrames(frames)}>
          {t('Use {count, plural, one {# frame} other {# frames}}', { count: frames })}
        </Button>
      )}
      {full && turns > 0 && (
        <Button size="small" onClick={() => reportErrors(newChatWithQuestion)}>
          {t('Ask in a new conversation')}
        </Button>
      )}
    </div>
  )
}
