import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { service } from '../../transport.ts'
import { NeverConnectSwitch } from '../connections/never-connect-switch.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'

const askAbout = () => service.system.about()

/** Lists every network connection that the app can make. */
export function ConnectionsPage() {
  const { answer: about, problem, again } = useAnswer(askAbout)
  if (problem) return <FailureNotice error={problem} can={{ retry: again }} />
  if (!about) return <p className="text-quiet">{t('Loading…')}</p>
  return (
    <div className="max-w-2xl space-y-3">
      <p className="text-quiet">
        {t(
          'Tarsier makes no other connections, and makes each of these only after an action of yours. It collects no telemetry and sends no reports.',
        )}
      </p>
      <NeverConnectSwitch />
      <ul className="space-y-2">
        {about.connections.map(({ to, why, when }) => (
          <li key={`${to} ${why}`} className="rounded-panel bg-panel px-4 py-3 shadow-panel">
            <p className="font-medium wrap-anywhere">{translate(to)}</p>
            <p className="text-control">{translate(why)}</p>
            <p className="text-control text-quiet">{translate(when)}</p>
          </li>
        ))}
      </ul>
    </div>
  )
}
